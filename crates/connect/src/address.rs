//! Which addresses are globally routable: the special-purpose registries of IANA (RFC 6890), turned round for IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{Ipv4Net, Ipv6Net};

const REFUSED_V4: &[Ipv4Net] = &[
    v4([0, 0, 0, 0], 8),        // this host
    v4([10, 0, 0, 0], 8),       // private
    v4([100, 64, 0, 0], 10),    // shared by the customers of a carrier; metadata at Alibaba
    v4([127, 0, 0, 0], 8),      // loopback
    v4([168, 63, 129, 16], 32), // looks public, and is each Azure machine's own host
    v4([169, 254, 0, 0], 16),   // link-local; metadata
    v4([172, 16, 0, 0], 12),    // private
    v4([192, 0, 0, 0], 24),     // protocol assignments; metadata at Oracle
    v4([192, 0, 2, 0], 24),     // documentation
    v4([192, 88, 99, 0], 24),   // 6to4 relays, given up
    v4([192, 168, 0, 0], 16),   // private
    v4([198, 18, 0, 0], 15),    // benchmarking
    v4([198, 51, 100, 0], 24),  // documentation
    v4([203, 0, 113, 0], 24),   // documentation
    v4([224, 0, 0, 0], 4),      // multicast
    v4([240, 0, 0, 0], 4),      // reserved, and broadcast
];

/// All that is given out to be routed. What lies outside (loopback, mapped, NAT64, unique-local, link-local, site-local, multicast,
/// discard, segment routing, and whatever comes to be) needs no line of its own.
const ROUTED_V6: Ipv6Net = v6([0x2000, 0], 3);

const REFUSED_V6: &[Ipv6Net] = &[
    v6([0x2001, 0], 23),     // protocol assignments: Teredo, benchmarking, ORCHID, drones
    v6([0x2001, 0xdb8], 32), // documentation
    SIX_TO_FOUR,
    v6([0x3fff, 0], 20), // documentation
];

const NAT64: Ipv6Net = v6([0x64, 0xff9b], 96);
const SIX_TO_FOUR: Ipv6Net = v6([0x2002, 0], 16);

const fn v4(start: [u8; 4], prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(start[0], start[1], start[2], start[3]), prefix)
}

const fn v6(start: [u16; 2], prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(start[0], start[1], 0, 0, 0, 0, 0, 0), prefix)
}

pub fn is_global(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => !REFUSED_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => ROUTED_V6.contains(&address) && !REFUSED_V6.iter().any(|network| network.contains(&address)),
    }
}

/// The IPv4 address that a gateway or tunnel would make of this one.
pub fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let bytes = address.octets();
    if NAT64.contains(&address) {
        Some(Ipv4Addr::new(bytes[12], bytes[13], bytes[14], bytes[15]))
    } else if SIX_TO_FOUR.contains(&address) {
        Some(Ipv4Addr::new(bytes[2], bytes[3], bytes[4], bytes[5]))
    } else {
        None
    }
}
