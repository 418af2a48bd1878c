//! CAR streams, by the cases of the public suite's `TestTrustlessCar*`, and by the specification where the suite is
//! silent. The suite's cases over DAG-CBOR don't apply: the store takes no such block.

mod common;

use std::collections::HashSet;

use cid::Cid;
use common::{
    Answer, Client, Dag, Server, Setup,
    dag::{self, multiblock, noise, read_car, version_0},
    request,
};
use stoa_content::Access;
use stoa_gateway::{ConnectionLimits, Limits};
use tokio::time::Duration;

const CAR: &str = "application/vnd.ipld.car";

fn text(text: &'static str) -> Dag {
    Dag::leaf(text.as_bytes())
}

fn ascii() -> Dag {
    text("hello application/vnd.ipld.car\n")
}

fn hello() -> Dag {
    text("hello world\n")
}

/// A folder with a folder of single-block files.
fn two_files() -> Dag {
    Dag::folder(vec![("subdir", two_files_below())])
}

fn two_files_below() -> Dag {
    Dag::folder(vec![("ascii.txt", ascii()), ("hello.txt", hello())])
}

/// The same with a file of several blocks.
fn mixed() -> Dag {
    Dag::folder(vec![("subdir", mixed_below())])
}

fn mixed_below() -> Dag {
    Dag::folder(vec![("ascii.txt", ascii()), ("hello.txt", hello()), ("multiblock.txt", multiblock())])
}

fn chunks_of(file: &Dag) -> Vec<Cid> {
    file.blocks.iter().map(|(cid, _)| *cid).filter(|cid| *cid != file.root).collect()
}

/// A split folder: `1.txt` lies in a further node with `370.txt`, `685.txt` beside it. The places are the first bytes of
/// the names' murmur3 hashes, 07C1.., 07BF.. and FDE3...
struct Hamt {
    root: Dag,
    below: Dag,
}

fn hamt() -> Hamt {
    let below = Dag::shard(vec![("BF370.txt", hello()), ("C11.txt", ascii())]);
    // A name whose first byte is 82, as 507.txt's isn't: it must not be found.
    let root = Dag::shard(vec![
        ("07", below.clone()),
        ("82507.txt", text("misplaced")),
        ("FD685.txt", multiblock()),
    ]);
    Hamt { root, below }
}

fn duplicates() -> Dag {
    Dag::folder(vec![
        ("ascii-copy.txt", ascii()),
        ("ascii.txt", ascii()),
        ("hello.txt", hello()),
        ("multiblock.txt", multiblock()),
    ])
}

/// Checks the headers that every CAR has, and reads it.
fn read(answer: &Answer) -> (Vec<Cid>, Vec<Cid>) {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    assert!(answer.complete);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("accept-ranges"), "none");
    assert!(
        answer.header("content-type").starts_with("application/vnd.ipld.car; version=1; order=dfs; dups=")
    );
    let disposition = answer.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"") && disposition.ends_with(".car\""));
    assert!(!answer.header("etag").is_empty());
    assert!(answer.header("cache-control").contains("immutable"));
    assert_eq!(answer.find("content-length"), None);
    read_car(&answer.body)
}

/// Blocks of the answer, asked for once by the query and once by `Accept`, which must agree.
async fn blocks(server: &Server, path: &str, query: &str) -> Vec<Cid> {
    let by_query = read(&server.get(&format!("{path}?format=car&{query}")).await);
    let by_header = read(&server.get_with(&format!("{path}?{query}"), &[("Accept", CAR)]).await);
    assert_eq!(by_query, by_header);
    by_query.1
}

#[tokio::test]
async fn a_path_gives_the_blocks_on_it_and_all_below_its_end() {
    let server = Server::start().await;
    server.publish(&two_files());
    let path = format!("/ipfs/{}/subdir/ascii.txt", two_files().root);
    let expected = [two_files().root, two_files_below().root, ascii().root];
    assert_eq!(blocks(&server, &path, "").await, expected);

    let answer = server.get(&format!("{path}?format=car")).await;
    assert_eq!(read(&answer).0, [ascii().root]);
    assert_eq!(answer.header("x-ipfs-path"), path);
    let roots = expected.map(|cid| cid.to_string()).join(",");
    assert_eq!(answer.header("x-ipfs-roots"), roots);
}

#[tokio::test]
async fn a_path_through_a_split_folder_gives_only_the_nodes_on_the_way() {
    let server = Server::start().await;
    let hamt = hamt();
    server.publish(&hamt.root);
    let root = hamt.root.root;
    let expected = [vec![root, multiblock().root], chunks_of(&multiblock())].concat();
    assert_eq!(blocks(&server, &format!("/ipfs/{root}/685.txt"), "").await, expected);
    let expected = [root, hamt.below.root, ascii().root];
    assert_eq!(blocks(&server, &format!("/ipfs/{root}/1.txt"), "dag-scope=block").await, expected);
    // Logical parts only: a split folder is one.
    let answer = server.get(&format!("/ipfs/{root}/1.txt?format=car")).await;
    assert_eq!(answer.header("x-ipfs-roots"), format!("{root},{}", ascii().root));
    for name in ["2.txt", "507.txt", "07", "C11.txt", "FD685.txt"] {
        assert_eq!(
            server.get(&format!("/ipfs/{root}/{name}?format=car")).await.error(404),
            "no-such-path",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_path_that_leads_nowhere_is_not_found() {
    let server = Server::start().await;
    server.publish(&two_files());
    let root = two_files().root;
    for path in ["subdir/i-do-not-exist", "nope", "subdir/ascii.txt/below-a-file"] {
        for headers in [&[][..], &[("Accept", CAR)]] {
            let answer = server.get_with(&format!("/ipfs/{root}/{path}?format=car"), headers).await;
            assert_eq!(answer.error(404), "no-such-path");
            assert!(String::from_utf8_lossy(&answer.body).contains(path.rsplit('/').next().unwrap()));
        }
    }
    assert_eq!(server.get(&format!("/ipfs/{}?format=car", multiblock().root)).await.error(404), "not-found");
}

#[tokio::test]
async fn scope_block_gives_the_path_and_its_end_alone() {
    let server = Server::start().await;
    server.publish(&two_files());
    let (root, below) = (two_files().root, two_files_below().root);
    assert_eq!(blocks(&server, &format!("/ipfs/{root}/subdir"), "dag-scope=block").await, [root, below]);
    let file = blocks(&server, &format!("/ipfs/{root}/subdir/ascii.txt"), "dag-scope=block").await;
    assert_eq!(file, [root, below, ascii().root]);
    assert_eq!(blocks(&server, &format!("/ipfs/{root}"), "dag-scope=block").await, [root]);
}

#[tokio::test]
async fn scope_entity_of_a_folder_lists_it_and_no_more() {
    let server = Server::start().await;
    server.publish(&two_files());
    let root = two_files().root;
    assert_eq!(blocks(&server, &format!("/ipfs/{root}"), "dag-scope=entity").await, [root]);

    let hamt = hamt();
    server.publish(&hamt.root);
    let path = format!("/ipfs/{}", hamt.root.root);
    let expected = [hamt.root.root, hamt.below.root];
    assert_eq!(blocks(&server, &path, "dag-scope=entity").await, expected);
    // A folder has no bytes: the range says nothing.
    assert_eq!(blocks(&server, &path, "dag-scope=entity&entity-bytes=0:*").await, expected);
    assert_eq!(blocks(&server, &path, "entity-bytes=5000:6000").await, expected);
}

#[tokio::test]
async fn scope_entity_of_a_file_gives_all_of_it() {
    let server = Server::start().await;
    server.publish(&mixed());
    let path = format!("/ipfs/{}/subdir", mixed().root);
    let on_the_way = vec![mixed().root, mixed_below().root];
    let expected = [on_the_way.clone(), vec![ascii().root]].concat();
    assert_eq!(blocks(&server, &format!("{path}/ascii.txt"), "dag-scope=entity").await, expected);
    let expected = [on_the_way, vec![multiblock().root], chunks_of(&multiblock())].concat();
    for query in ["dag-scope=entity", "dag-scope=all", "dag-scope=entity&entity-bytes=0:*"] {
        assert_eq!(blocks(&server, &format!("{path}/multiblock.txt"), query).await, expected);
    }
}

#[tokio::test]
async fn scope_all_of_a_folder_gives_everything_depth_first() {
    let server = Server::start().await;
    server.publish(&mixed());
    let expected = [
        vec![mixed().root, mixed_below().root, ascii().root, hello().root, multiblock().root],
        chunks_of(&multiblock()),
    ]
    .concat();
    for query in ["dag-scope=all", ""] {
        assert_eq!(blocks(&server, &format!("/ipfs/{}/subdir", mixed().root), query).await, expected);
    }
}

#[tokio::test]
async fn entity_bytes_give_the_fewest_blocks_that_hold_the_range() {
    let server = Server::start().await;
    server.publish(&mixed());
    let file = multiblock();
    let chunks = chunks_of(&file);
    assert_eq!(chunks.len(), 5);
    let path = format!("/ipfs/{}", file.root);
    let cases: [(&str, &[Cid]); 13] = [
        ("512:*", &chunks[2..]),
        ("512:1023", &chunks[2..4]),
        ("512:-256", &chunks[2..4]),
        ("-5:*", &chunks[3..]),
        ("-2:*", &chunks[4..]),
        ("-9999:*", &chunks),
        ("-9999:-3", &chunks[..4]),
        ("0:0", &chunks[..1]),
        ("255:256", &chunks[..2]),
        ("256:511", &chunks[1..2]),
        ("1025:9999", &chunks[4..]),
        ("0:1025", &chunks),
        // Empty, once resolved: the client sees why from the root.
        ("600:-600", &[]),
    ];
    for (range, expected) in cases {
        let expected = [&[file.root], expected].concat();
        assert_eq!(
            blocks(&server, &path, &format!("dag-scope=entity&entity-bytes={range}")).await,
            expected,
            "{range}"
        );
    }
    for range in ["1026:*", "-9999:-2000", "5000:6000", "2:1", "x", "0:"] {
        let answer = server.get(&format!("{path}?format=car&entity-bytes={range}")).await;
        assert_eq!(answer.error(400), "bad-parameter", "{range}");
    }
    let leaf = format!("/ipfs/{}", ascii().root);
    assert_eq!(blocks(&server, &leaf, "entity-bytes=3:5").await, [ascii().root]);
    assert_eq!(server.get(&format!("{leaf}?format=car&entity-bytes=31:*")).await.error(400), "bad-parameter");
}

#[tokio::test]
async fn entity_bytes_reach_through_deep_files() {
    let server = Server::start().await;
    let part = |seed| Dag::chunked(&noise(seed, 100), 10);
    let file = Dag::file(vec![part(1), part(2), part(3)]);
    server.publish(&file);
    let path = format!("/ipfs/{}", file.root);
    let (first, second) = (part(1), part(2));
    let expected =
        [&[file.root, first.root], &chunks_of(&first)[9..], &[second.root], &chunks_of(&second)[..2]]
            .concat();
    assert_eq!(blocks(&server, &path, "entity-bytes=95:110").await, expected);
    let expected = [&[file.root, second.root], &chunks_of(&second)[..]].concat();
    assert_eq!(blocks(&server, &path, "entity-bytes=100:199").await, expected);
}

#[tokio::test]
async fn a_block_outside_the_range_may_be_missing() {
    let server = Server::start().await;
    let parts: Vec<_> = (0..3).map(|seed| Dag::leaf(noise(seed, 1024))).collect();
    let file = Dag::file(parts.clone());
    server.publish(&file);
    server.damage(&noise(1, 1024));
    let path = format!("/ipfs/{}", file.root);
    for query in ["entity-bytes=0:1000", "dag-scope=entity&entity-bytes=0:1000"] {
        assert_eq!(blocks(&server, &path, query).await, [file.root, parts[0].root]);
    }
    assert_eq!(
        blocks(&server, &path, "dag-scope=entity&entity-bytes=2200:*").await,
        [file.root, parts[2].root]
    );
}

#[tokio::test]
async fn a_missing_block_cuts_the_stream() {
    let server = Server::start().await;
    let parts: Vec<_> = (0..8).map(|seed| Dag::leaf(noise(seed, 512 << 10))).collect();
    let file = Dag::file(parts.clone());
    server.publish(&file);
    server.damage(&noise(6, 512 << 10));
    let answer = server.get(&format!("/ipfs/{}?format=car", file.root)).await;
    assert_eq!(answer.status, 200);
    assert!(!answer.complete, "the client must notice");
    let damaged = parts[6].root.to_bytes();
    assert!(!answer.body.windows(damaged.len()).skip(1000).any(|window| window == damaged));
    assert_eq!(server.gateway.metrics().streams_cut.get(), 1);
}

#[tokio::test]
async fn content_withdrawn_while_it_streams_cuts_the_stream() {
    let server = Server::start().await;
    let file = Dag::file((0..64).map(|seed| Dag::leaf(noise(seed, 1 << 20))).collect());
    let info = server.publish(&file);
    let mut client = Client::connect(server.address).await;
    client.send_head("GET", &format!("/ipfs/{}?format=car", file.root), &[]).await;
    let mut answer = client.read_head().await.unwrap();
    assert_eq!(answer.status, 200);
    assert!(server.store.set_access(&info.piece.root, Access::Restricted).unwrap());
    client.read_body(&mut answer).await;
    assert!(!answer.complete);
    assert!(answer.body.len() < 64 << 20);
    server.wait_until(|server| server.gateway.metrics().streams_cut.get() == 1).await;
}

#[tokio::test]
async fn duplicates_are_sent_as_asked() {
    let server = Server::start().await;
    let folder = duplicates();
    server.publish(&folder);
    let path = format!("/ipfs/{}", folder.root);
    let tail = [vec![hello().root, multiblock().root], chunks_of(&multiblock())].concat();
    let twice = [vec![folder.root, ascii().root, ascii().root], tail.clone()].concat();
    let once = [vec![folder.root, ascii().root], tail].concat();
    for (query, accept, dups, expected) in [
        ("", "application/vnd.ipld.car; version=1; order=dfs; dups=y", "y", &twice),
        ("", "application/vnd.ipld.car; version=1; order=dfs; dups=n", "n", &once),
        ("", "application/vnd.ipld.car; version=1; order=unk", "n", &once),
        ("", "application/vnd.ipld.car", "n", &once),
        ("?format=car", "application/vnd.ipld.car; version=1; order=dfs; dups=y", "y", &twice),
        ("?format=car&car-order=dfs", "application/vnd.ipld.car; order=unk", "n", &once),
        ("?format=car&car-dups=y", "application/vnd.ipld.car; dups=n", "y", &twice),
        ("?format=car&car-dups=n&car-version=1", "application/vnd.ipld.car; dups=y", "n", &once),
    ] {
        let answer = server.get_with(&format!("{path}{query}"), &[("Accept", accept)]).await;
        assert_eq!(&read(&answer).1, expected, "{query} {accept}");
        let kind = format!("application/vnd.ipld.car; version=1; order=dfs; dups={dups}");
        assert_eq!(answer.header("content-type"), kind);
    }
}

#[tokio::test]
async fn parts_that_repeat_in_a_file_are_found_again_in_every_range() {
    let server = Server::start().await;
    let part = Dag::chunked(&noise(1, 40), 10);
    let file = Dag::file(vec![part.clone(), part.clone()]);
    server.publish(&file);
    let path = format!("/ipfs/{}", file.root);
    let chunks = chunks_of(&part);
    // The second occurrence adds the chunks that the first one didn't need.
    let expected = [&[file.root, part.root], &chunks[3..], &chunks[..1]].concat();
    assert_eq!(blocks(&server, &path, "entity-bytes=30:45").await, expected);
    let expected = [&[file.root, part.root], &chunks[..]].concat();
    assert_eq!(blocks(&server, &path, "entity-bytes=0:45").await, expected);
    let expected = [&[file.root, part.root], &chunks[3..], &[part.root], &chunks[..1]].concat();
    assert_eq!(blocks(&server, &path, "entity-bytes=30:45&car-dups=y").await, expected);
}

#[tokio::test]
async fn a_dag_of_exponential_size_is_sent_once() {
    let server = Server::start().await;
    let mut dag = hello();
    for _ in 0..100 {
        dag = Dag::folder(vec![("a", dag.clone()), ("b", dag)]);
    }
    server.publish(&dag);
    assert_eq!(blocks(&server, &format!("/ipfs/{}", dag.root), "").await.len(), 101);
}

#[tokio::test]
async fn formats_in_the_query_beat_accept() {
    let server = Server::start().await;
    server.publish(&two_files());
    let path = format!("/ipfs/{}", two_files().root);
    let car = server.get_with(&format!("{path}?format=car"), &[("Accept", "application/vnd.ipld.raw")]).await;
    assert!(car.header("content-type").starts_with(CAR));
    assert!(car.header("content-location").starts_with(&format!("{path}?format=car&")));
    let raw = server.get_with(&format!("{path}?format=raw"), &[("Accept", CAR)]).await;
    assert_eq!(raw.header("content-type"), "application/vnd.ipld.raw");
}

#[tokio::test]
async fn identity_blocks_are_never_sent() {
    let server = Server::start().await;
    for query in ["dups=y", "dups=n"] {
        let accept = format!("application/vnd.ipld.car; {query}");
        let answer = server
            .get_with("/ipfs/bafkqaf3imvwgy3zaneqgc3janfxgy2lomvscay3jmqfa", &[("Accept", &accept)])
            .await;
        assert!(answer.header("content-type").ends_with(query));
        assert_eq!(read(&answer).1, []);
    }
    let probe: Cid = "bafkqaaa".parse().unwrap();
    assert_eq!(read(&server.get("/ipfs/bafkqaaa?format=car").await), (vec![probe], vec![]));
    let head = server.head("/ipfs/bafkqaaa?format=car").await;
    assert_eq!((head.status, head.find("content-length")), (200, None));
}

#[tokio::test]
async fn a_version_0_root_keeps_its_form() {
    let server = Server::start().await;
    server.publish(&two_files());
    let old = version_0(&two_files().root);
    let answer = server.get(&format!("/ipfs/{old}?format=car&dag-scope=block")).await;
    assert_eq!(read(&answer), (vec![old], vec![old]));
}

#[tokio::test]
async fn other_codecs_have_no_car() {
    let server = Server::start().await;
    let document = dag::cid(0x71, b"\xa0");
    assert_eq!(server.get(&format!("/ipfs/{document}?format=car")).await.error(400), "bad-cid");
}

#[tokio::test]
async fn tags_differ_by_everything_that_makes_an_answer_differ() {
    let server = Server::start().await;
    server.publish(&mixed());
    let path = format!("/ipfs/{}", mixed().root);
    let mut tags = HashSet::new();
    let variants = [
        ("", "format=car"),
        ("/subdir", "format=car"),
        ("/subdir/ascii.txt", "format=car"),
        ("/subdir/multiblock.txt", "format=car"),
        ("", "format=raw"),
        ("", "format=car&dag-scope=block"),
        ("", "format=car&dag-scope=entity"),
        ("", "format=car&entity-bytes=0:*"),
        ("", "format=car&entity-bytes=0:5"),
        ("", "format=car&entity-bytes=-5:*"),
        ("", "format=car&car-dups=y"),
    ];
    for (below, query) in variants {
        let url = format!("{path}{below}?{query}");
        let answer = server.get(&url).await;
        let tag = answer.header("etag").to_owned();
        let again = server.get_with(&url, &[("If-None-Match", &tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0));
        assert_eq!(server.head(&url).await.header("etag"), tag);
        assert!(tags.insert(tag), "{below} {query}");
    }
    assert_eq!(tags.len(), variants.len());
}

#[tokio::test]
async fn head_of_a_car_has_headers_and_no_body() {
    let server = Server::start().await;
    server.publish(&two_files());
    let mut client = Client::connect(server.address).await;
    let path = format!("/ipfs/{}/subdir?format=car", two_files().root);
    client.send_head("HEAD", &path, &[]).await;
    let answer = client.read_head().await.unwrap();
    assert_eq!((answer.status, answer.find("content-length")), (200, None));
    assert!(answer.header("content-type").starts_with(CAR));
    assert_eq!(answer.header("x-ipfs-roots").split(',').count(), 2);
    client.send_head("GET", &path, &[]).await;
    assert_eq!(read(&client.read().await).1.len(), 4);
    assert_eq!(server.gateway.metrics().blocks_served.get(), 4);
}

#[tokio::test]
async fn a_large_car_arrives_whole() {
    let server = Server::start().await;
    // Small and large blocks in turn, to see both kinds of framing.
    let parts =
        (0..40).map(|seed| Dag::leaf(noise(seed, if seed % 3 == 0 { 1 << 20 } else { 100 }))).collect();
    let file = Dag::file(parts);
    server.publish(&file);
    let answer = server.get(&format!("/ipfs/{}?format=car", file.root)).await;
    let expected: Vec<_> = file.blocks.iter().map(|(cid, _)| *cid).collect();
    assert_eq!(read(&answer).1, expected);
}

#[tokio::test]
async fn a_client_that_stops_reading_loses_its_place_to_others() {
    let limits = Limits { car_streams: 1, ..Limits::default() };
    let connections =
        ConnectionLimits { stall_time: Duration::from_millis(300), ..ConnectionLimits::default() };
    let server = Server::with(Setup { limits, connections }).await;
    let file = Dag::file((0..64).map(|seed| Dag::leaf(noise(seed, 1 << 20))).collect());
    server.publish(&file);
    let path = format!("/ipfs/{}?format=car", file.root);
    let mut client = Client::connect(server.address).await;
    client.send_head("GET", &path, &[]).await;
    let mut answer = client.read_head().await.unwrap();
    assert_eq!(server.get(&path).await.error(429), "busy");
    let freed = async {
        while request(server.address, "HEAD", &path, &[], b"").await.status == 429 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, freed).await.expect("the place should have been freed");
    client.read_body(&mut answer).await;
    assert!(!answer.complete);
}
