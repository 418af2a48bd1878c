//! HTTP/1.1 by hand: a client library would hide what these tests are about.

use std::{collections::HashMap, net::SocketAddr};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::PATIENCE;

/// An answer, as far as it came.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    headers: HashMap<String, String>,
    pub body: Vec<u8>,
    /// Whether the body came to its end; a body that was cut didn't.
    pub complete: bool,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.find(name).unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }

    pub fn find(&self, name: &str) -> Option<&str> {
        self.headers.get(&name.to_lowercase()).map(String::as_str)
    }

    pub fn json(&self) -> Value {
        assert!(self.header("content-type").ends_with("json"), "{}", self.header("content-type"));
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The code of an error, whose status is checked with it.
    pub fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.body));
        let json = self.json();
        assert!(!json["error"].as_str().unwrap().is_empty());
        json["code"].as_str().unwrap().to_owned()
    }
}

/// A connection.
pub struct Client {
    pub stream: TcpStream,
    buffer: Vec<u8>,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// Sends the header of a request.
    pub async fn send_head(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes()).await.unwrap();
    }

    /// Reads an answer's header, or `None` when the connection ends before one.
    pub async fn read_head(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end;
            }
            if self.more().await == 0 {
                return None;
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end + 4).collect();
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Some(Answer { status, headers, body: Vec::new(), complete: false })
    }

    /// Reads the body of an answer whose header was read.
    pub async fn read_body(&mut self, answer: &mut Answer) {
        if answer.find("transfer-encoding") == Some("chunked") {
            self.read_chunks(answer).await;
            return;
        }
        let size: usize = answer.find("content-length").unwrap_or("0").parse().unwrap();
        while self.buffer.len() < size && self.more().await > 0 {}
        let count = size.min(self.buffer.len());
        answer.body = self.buffer.drain(..count).collect();
        answer.complete = answer.body.len() == size;
    }

    async fn read_chunks(&mut self, answer: &mut Answer) {
        loop {
            let line = loop {
                match find(&self.buffer, b"\r\n") {
                    Some(end) => break end,
                    None if self.more().await == 0 => return,
                    None => {}
                }
            };
            let size = String::from_utf8(self.buffer.drain(..line + 2).collect()).unwrap();
            let size = usize::from_str_radix(size.trim_end(), 16).unwrap();
            while self.buffer.len() < size + 2 {
                if self.more().await == 0 {
                    answer.body.append(&mut self.buffer);
                    return;
                }
            }
            answer.body.extend(self.buffer.drain(..size));
            self.buffer.drain(..2);
            if size == 0 {
                answer.complete = true;
                return;
            }
        }
    }

    /// Reads an answer to its end.
    pub async fn read(&mut self) -> Answer {
        let mut answer = self.read_head().await.expect("an answer");
        self.read_body(&mut answer).await;
        answer
    }

    /// Whether the other side has closed the connection without another byte.
    pub async fn is_closed(&mut self) -> bool {
        self.buffer.is_empty() && self.more().await == 0
    }

    async fn more(&mut self) -> usize {
        let mut chunk = vec![0; 256 << 10];
        let read =
            timeout(PATIENCE, self.stream.read(&mut chunk)).await.expect("the server should have gone on");
        // A reset is an end too.
        let count = read.unwrap_or(0);
        self.buffer.extend_from_slice(&chunk[..count]);
        count
    }
}

fn find(buffer: &[u8], needle: &[u8]) -> Option<usize> {
    buffer.windows(needle.len()).position(|window| window == needle)
}

/// One request on its own connection.
pub async fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut client = Client::connect(address).await;
    let size = body.len().to_string();
    let mut headers = headers.to_vec();
    if !body.is_empty() {
        headers.push(("Content-Length", &size));
    }
    client.send_head(method, path, &headers).await;
    let (mut reader, mut writer) = client.stream.split();
    // The answer to a body that is refused comes before the body was read.
    let sent = async { writer.write_all(body).await.is_ok() };
    let mut received = Vec::new();
    let first = async {
        let mut chunk = vec![0; 64 << 10];
        let count = reader.read(&mut chunk).await.unwrap_or(0);
        received.extend_from_slice(&chunk[..count]);
    };
    timeout(PATIENCE, async { tokio::join!(sent, first) }).await.expect("an answer");
    client.buffer = received;
    let mut answer = client.read_head().await.expect("an answer");
    if method == "HEAD" {
        answer.complete = true;
        return answer;
    }
    client.read_body(&mut answer).await;
    answer
}

pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Answer {
    request(address, "GET", path, headers, b"").await
}
