// Everything about floating point that differs between processors when nobody takes care: NaNs and their payloads,
// functions of the C library, sums in several orders, vectors.
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint64_t bits(double value) {
    uint64_t out;
    memcpy(&out, &value, 8);
    return out;
}

static double from(uint64_t value) {
    double out;
    memcpy(&out, &value, 8);
    return out;
}

static uint64_t state = 88172645463325252ull;

static double next(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) / 9007199254740992.0;
}

typedef float vector __attribute__((vector_size(16)));

int main(void) {
    volatile double zero = 0, one = 1, big = 1e308;
    volatile double payload = from(0x7ff8dead0000beefull), negative = from(0xfff4000000000001ull);
    double made[] = {
        zero / zero, -(zero / zero), sqrt(-one), big * 10 - big * 10, payload + one, one + payload, payload * negative,
        negative - payload, fmin(payload, one), fmax(one, negative), log(-one), pow(-one, 0.5), fmod(one, zero),
        (double)(float)payload, payload / zero, floor(payload), trunc(negative),
    };
    for (unsigned i = 0; i < sizeof made / sizeof *made; i++)
        printf("nan %u %016llx\n", i, (unsigned long long)bits(made[i]));

    double (*functions[])(double) = {sin, cos, tan, exp, log, log1p, expm1, atan, tanh, cbrt, lgamma, erf, sqrt};
    for (unsigned f = 0; f < sizeof functions / sizeof *functions; f++) {
        double sum = 0;
        for (int i = 0; i < 20000; i++)
            sum += functions[f](next() * 40 + 0.001);
        printf("function %u %016llx\n", f, (unsigned long long)bits(sum));
    }

    enum { COUNT = 100000 };
    static float values[COUNT];
    for (int i = 0; i < COUNT; i++)
        values[i] = (float)((next() - 0.5) * exp(next() * 30));
    float forward = 0, backward = 0;
    vector lanes = {0, 0, 0, 0};
    for (int i = 0; i < COUNT; i++)
        forward += values[i];
    for (int i = COUNT - 1; i >= 0; i--)
        backward += values[i];
    for (int i = 0; i < COUNT; i += 4) {
        vector four;
        memcpy(&four, values + i, sizeof four);
        lanes = lanes * 0.9999f + four;
    }
    printf("sums %a %a %a %a %a %a\n", forward, backward, lanes[0], lanes[1], lanes[2], lanes[3]);
    return 0;
}
