use super::*;
use crate::snapshot::Unit;
use crate::units::Limit;

const SAMPLES: [&[u8]; 5] = [
    include_bytes!("../../../tests/fixtures/openvz/ct103-32bit-failcnt-column-cut-off.txt"),
    include_bytes!("../../../tests/fixtures/openvz/ct2-failcnt-numothersock-32.txt"),
    include_bytes!("../../../tests/fixtures/openvz/ct209-failcnt-numothersock-524.txt"),
    include_bytes!("../../../tests/fixtures/openvz/ct9833-inside-view.txt"),
    include_bytes!("../../../tests/fixtures/openvz/uid0-host-view.txt"),
];
const HOST_DUMP: &[u8] = include_bytes!("../../../tests/fixtures/openvz/synthetic-host-vswap.txt");
const EMULATION: &[u8] = include_bytes!("../../../tests/fixtures/openvz/synthetic-vz8-emulation.txt");
const UUIDS: &[u8] = include_bytes!("../../../tests/fixtures/openvz/synthetic-vz7-uuid.txt");
const ONE: &[u8] = include_bytes!("../../../tests/fixtures/openvz/synthetic-one-container.txt");

fn read(bytes: &[u8]) -> Result<Vec<Block>, Refusal> {
    let mut table = Table::default();
    table.parse(bytes, "one").map(|()| table.blocks().to_vec())
}

fn only(bytes: &[u8]) -> Block {
    let mut blocks = read(bytes).unwrap();
    assert_eq!(blocks.len(), 1);
    blocks.remove(0)
}

fn ids(bytes: &[u8]) -> Vec<String> {
    read(bytes).unwrap().into_iter().map(|block| block.id).collect()
}

/// Held, maxheld, barrier, limit, failcnt.
type Figures = (Reading, Reading, Reading<Bound>, Reading<Bound>, Reading);

fn figures(block: &Block, name: &str) -> Figures {
    let Resource { held, maxheld, barrier, limit, failcnt, .. } = block.beancounter.resource(name).unwrap().clone();
    (held, maxheld, barrier, limit, failcnt)
}

fn whole(held: u64, maxheld: u64, barrier: Bound, limit: Bound, failcnt: u64) -> Figures {
    (Ok(held), Ok(maxheld), Ok(barrier), Ok(limit), Ok(failcnt))
}

#[test]
fn every_sample_is_read_to_the_last_figure() {
    use Bound::{At, Unlimited};
    let [bits32, ct2, ct209, inside, host] = SAMPLES.map(only);
    assert_eq!([&bits32, &ct2, &ct209, &inside, &host].map(|block| &*block.id), ["103", "2", "209", "9833", "0"]);
    for block in [&bits32, &ct2, &ct209, &inside, &host] {
        let names: Vec<&str> = block.beancounter.resources.iter().map(|resource| &*resource.name).collect();
        assert_eq!(names, KNOWN[..20], "without the dummies, and swappages is in another file");
    }
    assert_eq!(figures(&ct2, "numothersock"), whole(54, 120, At(120), At(120), 32));
    assert_eq!(figures(&ct2, "tcprcvbuf"), whole(147_456, 0, At(1_720_320), At(2_703_360), 0), "as it was published");
    assert_eq!(figures(&ct209, "vmguarpages"), whole(0, 0, At(206_158_430_208), At(206_158_430_208), 0));
    assert_eq!(figures(&ct209, "physpages"), whole(90_533, 90_721, Unlimited, Unlimited, 0));
    assert_eq!(figures(&inside, "physpages"), whole(4_626, 15_124, At(131_072), Unlimited, 0));
    assert_eq!(figures(&host, "numiptent"), whole(73, 73, Unlimited, Unlimited, 0));
    let cut = (Ok(3_125), Ok(3_889), Ok(At(0)), Ok(Unlimited), Err(Missing::NotInFile));
    assert_eq!(figures(&bits32, "physpages"), cut, "unlimited in 32 bits, and no column failcnt");
}

#[test]
fn ids_are_numbers_uuids_and_whatever_stands_before_a_colon() {
    assert_eq!(ids(HOST_DUMP), ["101", "102", "103", "104", "0"]);
    let uuids = ["1a2b3c4d-5e6f-4711-8899-aabbccddeeff", "d0d0cafe-0000-4000-8000-00000000beef", "0"];
    assert_eq!(ids(UUIDS), uuids);
    assert_eq!(ids(EMULATION), [uuids[0], "0"]);
    assert_eq!(ids(ONE), ["one"], "the file of one container has no id");
    assert_eq!(ids(b"a/b\xff\x1b[2J: kmemsize 1 1 1 1 0\n"), ["a\\057b\\377\u{1b}[2J"]);
    assert_eq!(ids(b"       123: kmemsize 1 1 1 1 0\r\n"), ["123"]);
}

#[test]
fn a_file_that_was_cut_short_tells_nothing_wrong() {
    for sample in SAMPLES.into_iter().chain([HOST_DUMP, EMULATION]) {
        let all = read(sample).unwrap();
        // Long ones at every seventh byte.
        for end in (0..sample.len()).step_by(if sample.len() > 4_000 { 7 } else { 1 }) {
            let Ok(told) = read(&sample[..end]) else { continue };
            for (block, whole) in told.iter().zip(&all) {
                assert_eq!(block.id, whole.id, "cut at {end}");
                for (resource, whole) in block.beancounter.resources.iter().zip(&whole.beancounter.resources) {
                    assert_eq!((&resource.name, resource.held), (&whole.name, whole.held), "cut at {end}");
                    let same = |a: Reading, b: Reading| a == b || a == Err(Missing::NotInFile);
                    let bound = |a: Reading<Bound>, b: Reading<Bound>| a == b || a == Err(Missing::NotInFile);
                    assert!(same(resource.maxheld, whole.maxheld) && same(resource.failcnt, whole.failcnt), "{end}");
                    assert!(bound(resource.barrier, whole.barrier) && bound(resource.limit, whole.limit), "{end}");
                }
            }
        }
    }
}

#[test]
fn resources_that_nobody_knows_are_kept_in_any_order() {
    let block = only(b"7: numfrobs 5 6 7 8 9\n  frobbuf 1 1 1 1 0\n  dummy 0 0 0 0 0\n  kmemsize 1 2 3 4 5 6 7\n  warppages 2 2 2 2 0\n");
    let resources = &block.beancounter.resources;
    let told: Vec<_> = resources.iter().map(|resource| (&*resource.name, resource.unit())).collect();
    let units = [Unit::Count, Unit::Bytes, Unit::Bytes, Unit::Pages];
    assert_eq!(told, ["numfrobs", "frobbuf", "kmemsize", "warppages"].into_iter().zip(units).collect::<Vec<_>>());
    assert_eq!(figures(&block, "kmemsize"), whole(1, 2, Bound::At(3), Bound::At(4), 5));
}

#[test]
fn another_version_is_refused_by_its_name() {
    let other = |version: &str| read(format!("Version: {version}\n  1: kmemsize 1 1 1 1 0\n").as_bytes());
    assert_eq!(other("2.6"), Err(Refusal::Version("2.6".into())));
    assert_eq!(other("2.5.1").unwrap_err().to_string(), "it is of version 2.5.1, and only 2.5 is known");
    assert_eq!(other(""), Err(Refusal::Version(String::new())));
    assert!(other("2.5").is_ok());
}

#[test]
fn what_is_no_file_of_beancounters_is_refused() {
    for bytes in
        [&b""[..], b"\n\n", b"Version: 2.5\n", b"\x7fELF\x02\x01\x01\0\0\0\n\0\0", b"hello world\n", b"1:\n2:\n"]
    {
        assert_eq!(read(bytes), Err(Refusal::Nothing), "{bytes:?}");
    }
    let mut table = Table::default();
    table.parse(b"1: kmemsize 1 1 1 1 0\nhello world\n: kmemsize 1\n", "one").unwrap();
    assert_eq!((table.blocks().len(), table.senseless), (1, 2), "lines without sense are counted");
}

#[test]
fn numbers_that_no_kernel_means_are_unreadable() {
    let block = only(b"7: physpages 18446744073709551615 99999999999999999999999 -1 x 5\n");
    let bad = Missing::Unreadable;
    assert_eq!(figures(&block, "physpages"), (Err(bad), Err(bad), Err(bad), Err(bad), Ok(5)));
    let block = only(b"7: physpages 9223372036854775807 1 0 9 0\n");
    assert_eq!(memory(&block.beancounter).usage, Err(bad), "more bytes than there can be");
}

#[test]
fn the_emulations_zeros_are_no_figures() {
    let blocks = read(EMULATION).unwrap();
    let made_up = Err(Missing::Emulated);
    assert_eq!(
        figures(&blocks[0], "numtcpsock"),
        (made_up, made_up, Err(Missing::Emulated), Err(Missing::Emulated), made_up)
    );
    let numproc = figures(&blocks[0], "numproc");
    assert_eq!(numproc, (Ok(62), made_up, Ok(Bound::Unlimited), Ok(Bound::Unlimited), made_up));
    let memory = memory(&blocks[0].beancounter);
    assert_eq!((memory.events.failcnt, memory.events.oom_kill), (Ok(77), Ok(1)));
    assert_eq!((memory.private.held, memory.private.limit), (made_up, Err(Missing::Emulated)));
    assert_eq!(figures(&blocks[1], "physpages").3, Ok(Bound::Unlimited), "v1's largest number of bytes, in pages");
    // The same kernel without the wide column means what it prints.
    assert_eq!(figures(&read(UUIDS).unwrap()[0], "numproc").1, Ok(91));
}

#[test]
fn a_beancounter_is_memory() {
    let blocks = read(HOST_DUMP).unwrap();
    let web = memory(&blocks[0].beancounter);
    assert_eq!((web.usage, web.peak), (Ok(129_536 * 4096), Ok(131_072 * 4096)));
    assert_eq!((web.limit, web.events.failcnt), (Ok(Limit::Bytes(512 << 20)), Ok(4211)));
    assert_eq!((web.swap, web.swap_limit), (Ok(10_464 * 4096), Ok(Limit::Bytes(256 << 20))));
    assert_eq!((web.events.swap_failcnt, web.stat.kernel), (Ok(3), Ok(31_457_280)));
    assert_eq!((web.private.limit, web.populated), (Ok(Limit::Unlimited), Ok(true)));
    assert_eq!(web.stat.anon, Err(Missing::NotInBeancounters));
    assert_eq!(memory(&blocks[1].beancounter).events.oom_kill, Ok(2), "of oomguarpages");
    let full = memory(&blocks[3].beancounter).private;
    assert_eq!((full.held, full.failcnt), (Ok(65_300 * 4096), Ok(187)));
    assert_eq!(full.limit, Ok(Limit::Bytes(65_536 * 4096)), "the barrier, from which on allocations are refused");
    let compat = memory(&only(SAMPLES[1]).beancounter);
    assert_eq!((compat.swap, compat.limit), (Err(Missing::NotInFile), Ok(Limit::Unlimited)));
}

#[test]
fn reading_anew_forgets_what_was_read() {
    let mut table = Table::default();
    table.parse(HOST_DUMP, "one").unwrap();
    table.parse(EMULATION, "one").unwrap();
    table.parse(SAMPLES[1], "one").unwrap();
    assert_eq!(table.blocks(), [only(SAMPLES[1])]);
}
