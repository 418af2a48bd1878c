// Trains and evaluates a classifier: multinomial logistic regression by full-batch gradient descent with momentum, on
// the columns of a CSV file whose last one is the class.
//
//     classifier INPUT OUTPUT [EPOCHS [SEED]]
//
// INPUT is a file, or a folder with one CSV file. The first line may be a header, as scikit-learn's files have it:
// `rows,columns,class names…`. A fifth of the rows, chosen by SEED, is kept for the evaluation. OUTPUT is a folder
// that gets `weights.csv` and `report.txt`. The report goes to the standard output too.
#include <dirent.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MAX_COLUMNS = 256, MAX_CLASSES = 64 };

static double *values;
static int *classes;
static size_t rows, columns, class_count;

static void fail(const char *what) {
    fprintf(stderr, "classifier: %s\n", what);
    exit(2);
}

static void *need(void *memory) {
    if (!memory)
        fail("there isn't enough memory");
    return memory;
}

// The CSV file of a folder, the first one by name; a file is itself.
static const char *find(const char *input) {
    static char path[1024];
    struct stat facts;
    if (stat(input, &facts))
        fail("the input isn't there");
    if (!S_ISDIR(facts.st_mode))
        return input;
    DIR *folder = opendir(input);
    if (!folder)
        fail("the input can't be listed");
    char best[512] = "";
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t length = strlen(entry->d_name);
        if (length < 5 || length >= sizeof best || strcmp(entry->d_name + length - 4, ".csv"))
            continue;
        if (!*best || strcmp(entry->d_name, best) < 0)
            strcpy(best, entry->d_name);
    }
    closedir(folder);
    if (!*best)
        fail("the input folder has no .csv file");
    snprintf(path, sizeof path, "%s/%s", input, best);
    return path;
}

static void load(const char *path) {
    FILE *file = fopen(path, "r");
    if (!file)
        fail("the input can't be read");
    static char line[1 << 16];
    size_t room = 0;
    for (int first = 1; fgets(line, sizeof line, file); first = 0) {
        double parsed[MAX_COLUMNS];
        size_t count = 0;
        int numbers = 1;
        for (char *field = strtok(line, ",\r\n"); field; field = strtok(NULL, ",\r\n")) {
            char *end;
            double number = strtod(field, &end);
            if (*end)
                numbers = 0;
            if (count < MAX_COLUMNS)
                parsed[count] = number;
            count++;
        }
        if (!count || (first && !numbers))
            continue;
        if (!numbers || count < 2 || count > MAX_COLUMNS)
            fail("a line isn't numbers, or has too few or too many");
        if (!columns)
            columns = count - 1;
        if (count - 1 != columns)
            fail("the lines don't have the same number of columns");
        if (rows == room) {
            room = room ? room * 2 : 256;
            values = need(realloc(values, room * columns * sizeof *values));
            classes = need(realloc(classes, room * sizeof *classes));
        }
        int label = (int)parsed[columns];
        if (label < 0 || label >= MAX_CLASSES || label != parsed[columns])
            fail("the last column isn't a class from 0 on");
        memcpy(values + rows * columns, parsed, columns * sizeof *values);
        classes[rows++] = label;
        if ((size_t)label >= class_count)
            class_count = (size_t)label + 1;
    }
    fclose(file);
    if (rows < 10 || class_count < 2)
        fail("there are too few rows or classes");
}

static uint64_t state;

static uint64_t next(void) {
    uint64_t mixed = (state += 0x9e3779b97f4a7c15ull);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ull;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebull;
    return mixed ^ (mixed >> 31);
}

// The probabilities of the classes for a row, under weights of (columns + 1) x classes.
static void predict(const double *row, const double *weights, double *out) {
    double most = -INFINITY, sum = 0;
    for (size_t c = 0; c < class_count; c++) {
        double score = weights[columns * class_count + c];
        for (size_t j = 0; j < columns; j++)
            score += row[j] * weights[j * class_count + c];
        out[c] = score;
        if (score > most)
            most = score;
    }
    for (size_t c = 0; c < class_count; c++)
        sum += out[c] = exp(out[c] - most);
    for (size_t c = 0; c < class_count; c++)
        out[c] /= sum;
}

int main(int count, char **arguments) {
    if (count < 3)
        fail("say where the data are and where the result goes");
    long epochs = count > 3 ? strtol(arguments[3], NULL, 10) : 1000;
    state = count > 4 ? strtoull(arguments[4], NULL, 10) : 0;
    if (epochs < 1)
        fail("the number of epochs isn't one");
    load(find(arguments[1]));

    size_t *order = need(malloc(rows * sizeof *order));
    for (size_t i = 0; i < rows; i++)
        order[i] = i;
    for (size_t i = rows - 1; i > 0; i--) {
        size_t other = next() % (i + 1), kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    size_t tested = rows / 5, trained = rows - tested;

    // Columns are scaled by what the training rows show.
    for (size_t j = 0; j < columns; j++) {
        double mean = 0, spread = 0;
        for (size_t i = 0; i < trained; i++)
            mean += values[order[i] * columns + j];
        mean /= (double)trained;
        for (size_t i = 0; i < trained; i++) {
            double off = values[order[i] * columns + j] - mean;
            spread += off * off;
        }
        spread = sqrt(spread / (double)trained);
        for (size_t i = 0; i < rows; i++)
            values[i * columns + j] = spread > 0 ? (values[i * columns + j] - mean) / spread : 0;
    }

    size_t size = (columns + 1) * class_count;
    double *weights = need(calloc(size, sizeof *weights)), *speed = need(calloc(size, sizeof *speed));
    double *slope = need(calloc(size, sizeof *slope));
    double probabilities[MAX_CLASSES], loss = 0;
    for (long epoch = 0; epoch < epochs; epoch++) {
        memset(slope, 0, size * sizeof *slope);
        loss = 0;
        for (size_t i = 0; i < trained; i++) {
            const double *row = values + order[i] * columns;
            predict(row, weights, probabilities);
            loss -= log(probabilities[classes[order[i]]] + 1e-300);
            for (size_t c = 0; c < class_count; c++) {
                double error = probabilities[c] - ((size_t)classes[order[i]] == c);
                for (size_t j = 0; j < columns; j++)
                    slope[j * class_count + c] += error * row[j];
                slope[columns * class_count + c] += error;
            }
        }
        for (size_t w = 0; w < size; w++) {
            double decay = w < columns * class_count ? 1e-3 * weights[w] : 0;
            speed[w] = 0.9 * speed[w] - 0.1 * (slope[w] / (double)trained + decay);
            weights[w] += speed[w];
        }
    }

    size_t right = 0;
    for (size_t i = trained; i < rows; i++) {
        predict(values + order[i] * columns, weights, probabilities);
        size_t best = 0;
        for (size_t c = 1; c < class_count; c++)
            if (probabilities[c] > probabilities[best])
                best = c;
        right += best == (size_t)classes[order[i]];
    }

    char path[1024];
    snprintf(path, sizeof path, "%s/weights.csv", arguments[2]);
    FILE *file = fopen(path, "w");
    if (!file)
        fail("the result can't be written");
    for (size_t j = 0; j <= columns; j++)
        for (size_t c = 0; c < class_count; c++)
            fprintf(file, "%.17g%s", weights[j * class_count + c], c + 1 < class_count ? "," : "\n");
    fclose(file);
    snprintf(path, sizeof path, "%s/report.txt", arguments[2]);
    file = fopen(path, "w");
    if (!file)
        fail("the result can't be written");
    for (int copy = 0; copy < 2; copy++)
        fprintf(copy ? stdout : file, "rows %zu\ncolumns %zu\nclasses %zu\nloss %.17g\ntested %zu\nright %zu\naccuracy %.4f\n",
                rows, columns, class_count, loss / (double)trained, tested, right, (double)right / (double)tested);
    fclose(file);
    return 0;
}
