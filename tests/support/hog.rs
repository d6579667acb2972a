//! A program that uses memory on command, so that a test can fill a cgroup.
//!
//! It takes one command a line on stdin and answers each with `ok` on stdout; it ends when stdin does.
//!
//! - `anon MIB`: allocates anonymous memory, writes to every page and keeps it
//! - `cycle TIMES`: reads every page of what it keeps
//! - `write PATH MIB`: writes a file and waits until the disk has it
//! - `read PATH`: reads a file
//! - `starve`: sends itself what it does not read, over the loopback of its network, and what there is no room for

use std::fs::File;
use std::hint::black_box;
use std::io::{self, BufRead, Error, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};

use rustix::net::sockopt::set_socket_recv_buffer_size;

const MIB: usize = 1 << 20;
const PAGE: usize = 4096;

fn main() -> io::Result<()> {
    run()
}

/// What is not given back before the end.
#[derive(Default)]
struct Kept {
    memory: Vec<Vec<u8>>,
    /// Both ends of the last connection.
    connection: Option<(TcpStream, TcpStream)>,
}

/// Obeys until there are no more commands.
pub(crate) fn run() -> io::Result<()> {
    let mut kept = Kept::default();
    answer("ready")?;
    for line in io::stdin().lock().lines() {
        obey(&line?, &mut kept)?;
        answer("ok")?;
    }
    Ok(())
}

fn answer(word: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{word}")?;
    stdout.flush()
}

fn obey(line: &str, kept: &mut Kept) -> io::Result<()> {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["anon", mib] => (0..number(mib)?).for_each(|_| kept.memory.push(written_mebibyte())),
        ["cycle", times] => (0..number(times)?).for_each(|_| touch(&kept.memory)),
        ["write", path, mib] => write(path, number(mib)?)?,
        ["read", path] => read(path)?,
        ["starve"] => kept.connection = Some(starve()?),
        _ => return Err(Error::other(format!("no such command: {line}"))),
    }
    Ok(())
}

fn number(word: &str) -> io::Result<usize> {
    word.parse().map_err(|_| Error::other(format!("not a number: {word}")))
}

/// Every page differs from the others, so that no kernel takes them for one.
fn written_mebibyte() -> Vec<u8> {
    let mut memory = vec![0_u8; MIB];
    for (n, page) in memory.chunks_mut(PAGE).enumerate() {
        page.fill(n as u8 | 1);
    }
    black_box(memory)
}

fn touch(kept: &[Vec<u8>]) {
    for memory in kept {
        memory.iter().step_by(PAGE).for_each(|byte| {
            black_box(*byte);
        });
    }
}

fn write(path: &str, mib: usize) -> io::Result<()> {
    let chunk = vec![1_u8; MIB];
    let mut file = File::create(path)?;
    for _ in 0..mib {
        file.write_all(&chunk)?;
        file.sync_data()?;
    }
    Ok(())
}

fn read(path: &str) -> io::Result<()> {
    let mut chunk = vec![0_u8; MIB];
    let mut file = File::open(path)?;
    while file.read(&mut chunk)? > 0 {}
    Ok(())
}

/// The receiver takes its buffer away after it told the sender of a large one: what comes then finds no room.
fn starve() -> io::Result<(TcpStream, TcpStream)> {
    const AT_MOST: usize = 64;
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let mut sender = TcpStream::connect(listener.local_addr()?)?;
    let (receiver, _) = listener.accept()?;
    // The kernel makes it as small as any may be.
    set_socket_recv_buffer_size(&receiver, 1)?;
    sender.set_nodelay(true)?;
    sender.set_nonblocking(true)?;
    for _ in 0..AT_MOST {
        match sender.write(&[1; 1024]) {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok((sender, receiver))
}
