//! Spellings of addresses that may not be called.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Of each network that is not globally routable: the address before it, its first, its last, and the one after it. Empty where the
/// neighbour is not routable either.
pub const EDGES: &[[&str; 4]] = &[
    ["", "0.0.0.0", "0.255.255.255", "1.0.0.0"],
    ["9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"],
    ["100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"],
    ["126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"],
    ["168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"],
    ["169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"],
    ["172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"],
    ["191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"],
    ["192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"],
    ["192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"],
    ["192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"],
    ["198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"],
    ["198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"],
    ["203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"],
    ["223.255.255.255", "224.0.0.0", "239.255.255.255", ""],
    ["", "240.0.0.0", "255.255.255.255", ""],
    ["", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
    ["", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"],
    ["2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"],
    ["2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"],
    ["3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"],
    ["3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""],
];

/// IPv6 addresses that the edges leave out, of every kind that has a name.
const NAMED_V6: &[&str] = &[
    "::1",
    "::2",
    "100::1",
    "100:0:0:1::1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "64:ff9b:1:fffe::10.0.0.1",
    "2001::1",
    "2001:0:7f00:1::",
    "2001:1::1",
    "2001:2::1",
    "2001:3::1",
    "2001:10::1",
    "2001:20::1",
    "2001:30::1",
    "2001:db8:1::1",
    "2002:7f00:1::1",
    "5f00::1",
    "fc00::1",
    "fd00::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "fe80::1",
    "fe80::a9fe:a9fe",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff01::1",
    "ff02::1",
    "ff05::1:3",
    "ff0e::1",
    "4000::1",
    "8000::1",
    "e000::1",
    "f000::1",
];

/// Each with all its spellings: this machine, its network, and where machines in a cloud ask who they are.
const SPELLED: &[[u8; 4]] = &[[127, 0, 0, 1], [127, 1, 2, 3], [10, 1, 2, 3], [169, 254, 169, 254], [192, 168, 0, 1], [0, 0, 0, 0]];

/// Each form, as it stands in a URL, and the address that it means.
pub fn all() -> Vec<(String, IpAddr)> {
    let mut forms: Vec<(String, IpAddr)> = Vec::new();
    for octets in SPELLED {
        forms.extend(spellings(*octets).into_iter().map(|form| (form, Ipv4Addr::from(*octets).into())));
        forms.extend(disguises(*octets));
    }
    let edges = EDGES.iter().flat_map(|[_, first, last, _]| [first, last]);
    for text in edges.chain(NAMED_V6) {
        let address: IpAddr = text.parse().expect("an address");
        match address {
            IpAddr::V4(address) => {
                forms.push((text.to_string(), address.into()));
                forms.push((format!("{text}."), address.into()));
                forms.push((address.to_bits().to_string(), address.into()));
                forms.push((format!("[{}]", address.to_ipv6_mapped()), address.into()));
            }
            IpAddr::V6(v6) => {
                forms.push((format!("[{text}]"), address));
                forms.push((format!("[{}]", expanded(v6)), address));
                forms.push((format!("[{}]", expanded(v6).to_uppercase()), address));
            }
        }
    }
    forms.sort();
    forms.dedup();
    forms
}

type Part = fn(u64) -> String;

/// What a part of an IPv4 address may look like.
const PARTS: &[Part] =
    &[|part| part.to_string(), |part| format!("0{part:o}"), |part| format!("0x{part:x}"), |part| format!("0X000{part:X}")];

fn spellings(octets: [u8; 4]) -> Vec<String> {
    let [a, b, c, d] = octets.map(u64::from);
    // The last part takes what is left: 127.0.0.1 is 127.1 and 2130706433.
    let shapes: [&[u64]; 4] = [&[a, b, c, d], &[a, b, c << 8 | d], &[a, b << 16 | c << 8 | d], &[a << 24 | b << 16 | c << 8 | d]];
    let mut spelled = Vec::new();
    for (parts, each_alone) in shapes.into_iter().zip([false, true, true, true]) {
        spelled.extend(PARTS.iter().map(|part| joined(parts, |_| *part)));
        if each_alone {
            let others = |at: usize| PARTS.iter().map(move |part| (at, part));
            let mixed = (0..parts.len()).flat_map(others);
            spelled.extend(mixed.map(|(at, part)| joined(parts, |index| if index == at { *part } else { PARTS[0] })));
        }
    }
    let plain = joined(&[a, b, c, d], |_| PARTS[0]);
    spelled.push(format!("{plain}."));
    spelled.push(plain.replace('.', "%2e"));
    spelled.push(plain.bytes().map(|byte| format!("%{byte:02x}")).collect());
    spelled.extend(["。", "．", "｡"].map(|dot| plain.replace('.', dot)));
    // Fullwidth, bold and circled digits, which are digits once normalised; and what is invisible.
    spelled.push(digits(&plain, '\u{ff10}'));
    spelled.push(digits(&plain, '\u{1d7ce}'));
    spelled.push(digits(&plain, '\u{1d7f6}'));
    spelled.push(plain.replace('1', "①").replace('2', "②").replace('3', "③"));
    spelled.push(plain.replace('.', "\u{ad}."));
    spelled.push(plain.replace('.', "\u{200b}."));
    spelled.push(plain.replace('.', "\t."));
    spelled
}

fn joined(parts: &[u64], spell: impl Fn(usize) -> Part) -> String {
    parts.iter().enumerate().map(|(index, part)| spell(index)(*part)).collect::<Vec<_>>().join(".")
}

fn digits(text: &str, zero: char) -> String {
    let digit = |c: char| c.to_digit(10).and_then(|digit| char::from_u32(zero as u32 + digit)).unwrap_or(c);
    text.chars().map(digit).collect()
}

/// The address inside an IPv6 one. Mapped, it is itself; otherwise it is refused as what it is dressed as.
fn disguises(octets: [u8; 4]) -> Vec<(String, IpAddr)> {
    let v4 = Ipv4Addr::from(octets);
    let [a, b, c, d] = octets.map(u16::from);
    let (high, low) = (a << 8 | b, c << 8 | d);
    let mapped = [
        format!("[::ffff:{v4}]"),
        format!("[::FFFF:{v4}]"),
        format!("[::ffff:{high:x}:{low:x}]"),
        format!("[0:0:0:0:0:ffff:{high:04x}:{low:04X}]"),
        format!("[0000:0000:0000:0000:0000:ffff:{v4}]"),
        format!("[0::ffff:{v4}]"),
    ];
    let mut forms: Vec<(String, IpAddr)> = mapped.into_iter().map(|form| (form, v4.into())).collect();
    let dressed = [
        Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low),
        Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, high, low),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1),
        Ipv6Addr::new(0x2001, 0, high, low, 0, 0, !high, !low),
        Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0x5efe, high, low),
    ];
    for address in dressed {
        forms.push((format!("[{address}]"), address.into()));
        forms.push((format!("[{}]", expanded(address)), address.into()));
    }
    forms.push((format!("[64:ff9b::{v4}]"), dressed[2].into()));
    forms.push((format!("[::{v4}]"), dressed[0].into()));
    forms
}

fn expanded(address: Ipv6Addr) -> String {
    address.segments().map(|segment| format!("{segment:04x}")).join(":")
}
