//! A custom runtime without crates: counts, and says where it was started.
use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// One request over a connection of its own: the id of an invocation, where the answer has one, and its body.
fn api(method: &str, path: &str, body: &str) -> (String, String) {
    let host = env::var("AWS_LAMBDA_RUNTIME_API").unwrap();
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(
        stream,
        "{method} /2018-06-01/runtime/invocation/{path} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = BufReader::new(stream);
    let (mut id, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ") {
            match name.to_lowercase().as_str() {
                "lambda-runtime-aws-request-id" => id = value.to_string(),
                "content-length" => length = value.parse().unwrap(),
                _ => {}
            }
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body).unwrap();
    (id, String::from_utf8(body).unwrap())
}

fn main() {
    for count in 1.. {
        let (id, event) = api("GET", "next", "");
        println!("in Rust: {event}");
        let here = env::current_dir().unwrap();
        let name = here.file_name().unwrap().to_str().unwrap();
        let result = format!("{{\"count\": {count}, \"here\": \"/{name}\"}}");
        api("POST", &format!("{id}/response"), &result);
    }
}
