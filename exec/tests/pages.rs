//! Pages alone: what is taken is zero, whatever was written by whoever had it before; growing keeps what there was; and a
//! process may have more of them than mappings.

#[allow(dead_code, reason = "the machine uses the rest")]
#[path = "../src/state/pages/mod.rs"]
mod pages;

use pages::Pages;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Around each change of origin.
const SIZES: [usize; 14] = [
    1,
    8,
    4 * KIB - 8,
    4 * KIB,
    64 * KIB - 1,
    64 * KIB,
    65 * KIB,
    MIB,
    MIB + 1,
    16 * MIB,
    16 * MIB + 1,
    33 * MIB,
    64 * MIB,
    100 * MIB,
];

/// Places to write to, so that few pages are touched.
fn places(bytes: usize) -> impl Iterator<Item = usize> {
    let last = bytes - 1;
    [0, 1.min(last), last / 3, last / 2, last.div_ceil(2), last.saturating_sub(4096), last].into_iter()
}

fn read(pages: &Pages, at: usize) -> u8 {
    assert!(at < pages.room());
    // SAFETY: there is room for it.
    unsafe { pages.base().add(at).read() }
}

fn write(pages: &Pages, at: usize, byte: u8) {
    assert!(at < pages.room());
    // SAFETY: there is room for it, and nobody else has these pages.
    unsafe { pages.base().add(at).write(byte) };
}

fn grow(pages: &mut Pages, used: usize, bytes: usize) -> bool {
    assert!(used <= pages.room());
    // SAFETY: nobody refers to the bytes.
    unsafe { pages.grow(used, bytes) }
}

#[test]
fn taken_clean_whatever_was_there() {
    for round in 0..200 {
        for bytes in SIZES.into_iter().filter(|&bytes| round < 5 || bytes <= MIB) {
            let pages = Pages::zeroed(bytes).unwrap();
            assert!(pages.room() >= bytes && pages.base().addr().is_multiple_of(8));
            assert!(bytes < 4096 || cfg!(not(target_os = "linux")) || pages.base().addr().is_multiple_of(4096));
            for place in places(pages.room()) {
                assert_eq!(read(&pages, place), 0, "byte {place} of {bytes} in round {round}");
            }
            if round == 0 {
                // SAFETY: there is room for so many, and nobody writes meanwhile.
                let all = unsafe { std::slice::from_raw_parts(pages.base(), pages.room().min(MIB)) };
                assert!(all.iter().all(|&byte| byte == 0));
            }
            // Nothing is written behind what was asked for.
            places(bytes).for_each(|place| write(&pages, place, 0xa5));
        }
    }
}

#[test]
fn many_at_once_are_apart_and_come_back_clean() {
    for bytes in [100, 5000, 64 * KIB, 200 * KIB, 2 * MIB] {
        for round in 0..3 {
            // Some live long, some shortly, in an order of their own.
            let mut all: Vec<Option<(usize, Pages)>> = Vec::new();
            for i in 0..300 {
                let pages = Pages::zeroed(bytes).unwrap();
                assert!(places(bytes).all(|place| read(&pages, place) == 0), "{bytes} in round {round}");
                places(bytes).for_each(|place| write(&pages, place, i as u8 | 1));
                all.push(Some((i, pages)));
                if i % 3 == 0 {
                    drop(all[i * 7 % (i + 1)].take());
                }
            }
            for (i, pages) in all.into_iter().flatten() {
                assert!(places(bytes).all(|place| read(&pages, place) == i as u8 | 1));
            }
        }
    }
}

#[test]
fn growing_keeps_what_there_was() {
    for (at, &from) in SIZES.iter().enumerate() {
        for &to in &SIZES[at..] {
            let mut pages = Pages::zeroed(from).unwrap();
            places(from).for_each(|place| write(&pages, place, 7));
            assert!(grow(&mut pages, from, to));
            assert!(pages.room() >= to);
            let written: Vec<_> = places(from).collect();
            for place in places(from).chain(places(to)) {
                assert_eq!(read(&pages, place), if written.contains(&place) { 7 } else { 0 }, "{from} to {to}");
            }
        }
    }
}

/// What grows out of the largest slot moves page tables; a copy would commit what nobody touched.
#[cfg(target_os = "linux")]
#[test]
fn growing_out_of_a_slot_copies_nothing() {
    // Not from `smaps`: the kernel makes one mapping of neighbours, and other tests have some.
    let committed = |at: *mut u8, bytes: usize| {
        let mut entries = vec![0; bytes / 4096 * 8];
        let file = std::fs::File::open("/proc/self/pagemap").unwrap();
        std::os::unix::fs::FileExt::read_exact_at(&file, &mut entries, (at.addr() / 4096 * 8) as u64).unwrap();
        // The highest bit of an entry says whether the page is there.
        entries.chunks_exact(8).filter(|entry| entry[7] & 0x80 != 0).count() * 4
    };
    for touched in [0, 3, 200] {
        let mut pages = Pages::zeroed(16 * MIB).unwrap();
        (0..touched).for_each(|i| write(&pages, i * 5 * 4096, 9));
        let begin = std::time::Instant::now();
        assert!(grow(&mut pages, 16 * MIB, 17 * MIB));
        println!("{touched} pages touched: {:?}", begin.elapsed());
        // Before anything is read, which would map zeros.
        let kib = committed(pages.base(), pages.room());
        assert!(kib <= touched * 4 + 64, "{kib} KiB are committed of {touched} pages");
        assert!(
            (0..16 * MIB / 4096)
                .step_by(5)
                .enumerate()
                .all(|(i, page)| { i >= 200 || read(&pages, page * 4096) == if i < touched { 9 } else { 0 } })
        );
    }
}

#[test]
fn growing_step_by_step_from_nothing() {
    for step in [8, 64 * KIB] {
        let (mut pages, mut used) = (Pages::empty(), 0);
        for i in 0..if step == 8 { 20_000 } else { 1000 } {
            assert!(grow(&mut pages, used, used + step));
            assert_eq!(read(&pages, used), 0);
            write(&pages, used, i as u8);
            used += step;
        }
        assert!((0..used / step).all(|i| read(&pages, i * step) == i as u8));
    }
}

#[test]
fn no_memory_is_no_abort() {
    for bytes in [usize::MAX, isize::MAX as usize, 1 << 60] {
        assert!(Pages::zeroed(bytes).is_none());
        for from in [0, 8, 64 * KIB, 16 * MIB, 32 * MIB] {
            let mut pages = Pages::zeroed(from).unwrap();
            if from != 0 {
                write(&pages, from - 1, 9);
            }
            assert!(!grow(&mut pages, from, bytes), "{from} to {bytes}");
            assert!(from == 0 || read(&pages, from - 1) == 9 && pages.room() >= from);
        }
    }
}

#[test]
fn threads_hand_them_on() {
    let (send, receive) = std::sync::mpsc::channel::<Pages>();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let send = send.clone();
            std::thread::spawn(move || {
                for i in 0..2000 {
                    let pages = Pages::zeroed(64 * KIB).unwrap();
                    assert!(places(64 * KIB).all(|place| read(&pages, place) == 0));
                    places(64 * KIB).for_each(|place| write(&pages, place, 3));
                    if i % 2 == 0 {
                        send.send(pages).unwrap();
                    }
                }
            })
        })
        .collect();
    drop(send);
    assert_eq!(receive.into_iter().filter(|pages| read(pages, 0) == 3).count(), 4000);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Each kernel gives a process 65,530 mappings unless asked for more.
#[cfg(target_os = "linux")]
#[test]
fn more_than_there_are_mappings() {
    let mappings = || std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let before = mappings();
    let all: Vec<_> = (0..70_000).map(|_| Pages::zeroed(64 * KIB).unwrap()).collect();
    let larger: Vec<_> = (0..10_000).map(|i| Pages::zeroed(if i % 2 == 0 { MIB } else { 16 * MIB }).unwrap()).collect();
    assert!(mappings() < before + 2500, "{} mappings", mappings());
    drop((all, larger));
    // Other tests run beside this one.
    assert!(mappings() < before + 1000, "{} mappings are left", mappings());
}
