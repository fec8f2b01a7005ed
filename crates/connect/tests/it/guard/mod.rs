//! Where calls may go: the networks, every spelling of them, and what names answer.

mod forms;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use baton_connect::guard::{SystemResolver, network};
use baton_connect::http::{CallError, Client, Failure, Request};
use baton_connect::place::{BadUrl, Place};
use baton_connect::tls::Roots;
use bytes::Bytes;
use proptest::prelude::*;

use super::servers::{Names, Server, client_with, guard};

fn request(url: &str) -> Request {
    Request::new("POST", url, &[], Bytes::new(), Duration::from_secs(30)).expect("the URL is well-formed")
}

/// The address that was refused; anything else that came out is told.
async fn refused(client: &Client, url: &str) -> Result<IpAddr, String> {
    match client.call(&request(url)).await {
        Err(CallError { failure: Failure::NotAllowed(address), .. }) => Ok(address),
        Err(error) => Err(format!("{url}: {error}")),
        Ok(answer) => Err(format!("{url}: {}", answer.status)),
    }
}

/// Counts who comes to the loopback, over IPv4 and over IPv6 where the machine has it.
struct Bait {
    servers: Vec<Server>,
    port: u16,
}

impl Bait {
    fn new() -> Bait {
        let over_v4 = Server::new(drop);
        let port = over_v4.address.port();
        let has_v6 = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, port)).is_ok();
        let over_v6 = has_v6.then(|| Server::at((Ipv6Addr::LOCALHOST, port).into(), drop));
        Bait { servers: [Some(over_v4), over_v6].into_iter().flatten().collect(), port }
    }

    fn taken(&self) -> usize {
        self.servers.iter().map(Server::connections).sum()
    }
}

#[tokio::test]
async fn no_form_of_a_forbidden_address_is_connected_to() {
    let bait = Bait::new();
    let client = client_with(&[], Arc::new(SystemResolver::default()), &Roots::default());
    let forms = forms::all();
    assert!(forms.len() >= 500, "{} forms", forms.len());
    let mut broken = Vec::new();
    for (form, address) in &forms {
        for url in [
            format!("http://{form}:{}/", bait.port),
            format!("https://{form}:{}/", bait.port),
            format!("HTTP:\\\\{form}:{}?a#b", bait.port),
            format!(" \thttp://{form}:{}/%2e%2e/x\n", bait.port),
        ] {
            match refused(&client, &url).await {
                Ok(found) if found == *address => {}
                Ok(found) => broken.push(format!("{url} was refused as {found}")),
                Err(error) => broken.push(error),
            }
        }
        // The same address, when a name answers it: alone, and hidden among others.
        let among = ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"].map(|text| text.parse().expect("an address"));
        for answers in [vec![*address], vec![among[0], among[1], *address]] {
            let texts: Vec<String> = answers.iter().map(IpAddr::to_string).collect();
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let named = client_with(&[], Names::new(&[&texts]), &Roots::default());
            match refused(&named, &format!("http://a.example:{}/", bait.port)).await {
                Ok(found) if found == *address => {}
                Ok(found) => broken.push(format!("{address} as an answer was refused as {found}")),
                Err(error) => broken.push(format!("{address} as an answer: {error}")),
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
    assert_eq!(bait.taken(), 0);
}

/// Otherwise the bait counts nothing because nothing can reach it.
#[tokio::test]
async fn the_bait_is_reached_when_the_network_is_allowed() {
    let bait = Bait::new();
    let client = client_with(&["127.0.0.0/8"], Arc::new(SystemResolver::default()), &Roots::default());
    for form in ["127.0.0.1", "0x7f.1", "2130706433", "[::ffff:127.0.0.1]"] {
        let error = client.call(&request(&format!("http://{form}:{}/", bait.port))).await.map(|_| ()).expect_err("it only counts");
        assert!(error.failure.may_have_been_sent(), "{error}");
    }
    assert_eq!(bait.taken(), 4);
}

#[tokio::test]
async fn names_of_this_machine_are_refused() {
    let bait = Bait::new();
    let client = client_with(&[], Arc::new(SystemResolver::default()), &Roots::default());
    for name in ["localhost", "LOCALHOST", "%6cocalhost", "ｌｏｃａｌｈｏｓｔ"] {
        let address = refused(&client, &format!("http://{name}:{}/", bait.port)).await.unwrap_or_else(|error| panic!("{error}"));
        assert!(address.is_loopback(), "{name}: {address}");
    }
    // Not every resolver knows this one.
    let error = client.call(&request(&format!("http://localhost.:{}/", bait.port))).await.map(|_| ()).expect_err("it is this machine");
    assert!(!error.failure.may_have_been_sent(), "{error}");
    assert_eq!(bait.taken(), 0);
}

#[test]
fn what_is_no_address_of_the_web_is_refused_before_any_name_is_asked_for() {
    let hosts = [
        "[fe80::1%25eth0]",
        "[fe80::1%eth0]",
        "[::1%251]",
        "[::1",
        "::1",
        "[127.0.0.1]",
        "[::127.0.0.256]",
        "127.0.0.256",
        "256.1",
        "4294967296",
        "0x100000000",
        "127.0.0.0.1",
        "127.0.0.08",
        "0xg.1",
        "a b",
        "a<b",
        "a%00b",
        "a%2fb",
        "a%23b",
        "a%40b",
        "a^b",
        "a|b",
        "",
        "%",
    ];
    for host in hosts {
        let bad = Place::parse(&format!("http://{host}:80/")).map(|place| place.host().to_string());
        assert!(matches!(bad, Err(BadUrl::Unreadable(_))), "{host:?}: {bad:?}");
    }
    let schemes = ["ftp", "file", "gopher", "data", "javascript", "ws", "wss", "unix", "ldap", "dict", "blob", "about"];
    for scheme in schemes {
        assert_eq!(Place::parse(&format!("{scheme}://example.com/")).err(), Some(BadUrl::Scheme(scheme.to_owned())));
    }
    for url in ["http://ada@example.com/", "http://ada:secret@example.com/", "http://:secret@example.com/", "http://127.0.0.1@example.com/"]
    {
        assert_eq!(Place::parse(url).err(), Some(BadUrl::UserInfo), "{url}");
    }
    for url in ["", "/hook", "example.com/hook", "//example.com", "http://", "https:///", "http:", "http://?a", "http://#a"] {
        assert!(matches!(Place::parse(url), Err(BadUrl::Unreadable(_))), "{url}");
    }
    assert_eq!(Place::parse(&format!("http://example.com/{}", "a".repeat(16 * 1024))).err(), Some(BadUrl::TooLong));
}

#[test]
fn errors_and_debug_repeat_no_secret() {
    let place = Place::parse("https://example.com:8443/hook/canary?token=canary").expect("a URL");
    assert_eq!(format!("{place:?}"), "https://example.com:8443");
    for url in ["ftp://example.com/canary", "http://user:canary@example.com/", "canary", "http://exa mple.com/canary"] {
        let error = Place::parse(url).expect_err("it is bad");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

/// A name may answer otherwise the second time; what was checked is what is connected to.
#[tokio::test]
async fn a_name_is_asked_once_for_each_call() {
    let (public, _requests) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let port = public.address.port();
    let private = Server::at(([127, 0, 0, 2], port).into(), drop);
    let names = Names::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let client = client_with(&["127.0.0.1"], names.clone(), &Roots::default());
    let url = format!("http://rebinding.example:{port}/");

    assert_eq!(client.call(&request(&url)).await.expect("it may be reached").status, 204);
    assert_eq!(names.asked.load(Ordering::SeqCst), 1);
    let error = client.call(&request(&url)).await.map(|_| ()).expect_err("it has moved");
    assert_eq!(error.to_string(), "API call to rebinding.example is not allowed: 127.0.0.2");
    assert!(!error.failure.may_have_been_sent());
    assert_eq!(names.asked.load(Ordering::SeqCst), 2);
    assert_eq!((public.connections(), private.connections()), (1, 0));
}

#[tokio::test]
async fn the_next_address_is_tried_when_one_does_not_answer() {
    let (server, _requests) = Server::answering("HTTP/1.1 204 No Content\r\n\r\n");
    let client = client_with(&["127.0.0.0/8"], Names::new(&[&["127.0.0.3", "127.0.0.1"]]), &Roots::default());
    let answer = client.call(&request(&format!("http://two.example:{}/", server.address.port()))).await;
    assert_eq!(answer.expect("the second is there").status, 204);
}

#[tokio::test]
async fn a_name_without_addresses_is_not_found() {
    let client = client_with(&[], Names::new(&[&[]]), &Roots::default());
    let error = client.call(&request("http://nowhere.example/")).await.map(|_| ()).expect_err("it has none");
    assert_eq!(error.to_string(), "API call to nowhere.example could not connect");
    assert!(!error.failure.may_have_been_sent());
}

#[test]
fn networks_are_read_strictly() {
    for text in ["10.0.0.0/8", "10.1.2.3/8", "10.1.2.3", "fd00::/8", "::1", "0.0.0.0/0"] {
        assert!(network(text).is_ok(), "{text}");
    }
    for text in ["", "10.0.0.0/33", "10.0.0/8", "example.com", "10.0.0.0-10.0.0.9", "fd00::/129", "::ffff:10.0.0.0/104", "10.0.0.0/8 "] {
        let error = network(text).expect_err(text);
        assert_eq!(error.to_string(), format!("{text:?} is not a network: write it like 10.1.0.0/16, fd00::/8 or 10.1.2.3"));
    }
}

#[test]
fn the_operator_opens_networks_and_nothing_else() {
    let opened = guard(&["10.1.0.0/16", "fd12::/16", "64:ff9b::/96", "2002::/16", "::1"], Names::new(&[&[]]));
    let allowed = [
        "10.1.0.0",
        "10.1.255.255",
        "::ffff:10.1.2.3",
        "fd12::1",
        "::1",
        "64:ff9b::808:808",
        "64:ff9b::a01:203",
        "2002:808:808::",
        "8.8.8.8",
    ];
    let refused = [
        "10.0.255.255",
        "10.2.0.0",
        "::ffff:10.2.0.0",
        "fd13::1",
        "127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
    ];
    for (texts, expected) in [(&allowed[..], true), (&refused[..], false)] {
        for text in texts {
            assert_eq!(opened.allows(text.parse().expect("an address")), expected, "{text}");
        }
    }
}

fn closed() -> baton_connect::guard::Guard {
    guard(&[], Names::new(&[&[]]))
}

#[test]
fn every_network_ends_where_it_ends() {
    let guard = closed();
    for [before, first, last, after] in forms::EDGES {
        for (text, expected) in [(before, true), (first, false), (last, false), (after, true)] {
            assert!(text.is_empty() || guard.allows(text.parse().expect("an address")) == expected, "{text}");
        }
    }
}

/// What the standard library knows to be special, and what each disguise makes of it.
fn is_special(address: Ipv4Addr) -> bool {
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_unspecified()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_disguise_never_helps(bits: u32, low: u64, special in any::<prop::sample::Index>(), pick: bool) {
        let samples = [0x7f00_0001, 0x0a00_0000 | (bits & 0xff_ffff), 0xc0a8_0000 | (bits & 0xffff), 0xa9fe_a9fe, 0x6440_0000 | (bits & 0x3f_ffff), 0xe000_0000 | (bits >> 4)];
        let address = Ipv4Addr::from_bits(if pick { samples[special.index(samples.len())] } else { bits });
        let guard = closed();
        let through_gateways = guard_with_gateways();
        let allowed = guard.allows(address.into());
        prop_assert!(!(allowed && is_special(address)));
        let [a, b, c, d] = address.octets().map(u16::from);
        let (high, lower) = (a << 8 | b, c << 8 | d);
        let tail: [u16; 4] = std::array::from_fn(|at| (low >> (16 * at)) as u16);
        let nat64 = Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, lower);
        let six_to_four = Ipv6Addr::new(0x2002, high, lower, tail[0], tail[1], tail[2], tail[3], 0);
        let never = [
            nat64,
            six_to_four,
            Ipv6Addr::new(0x64, 0xff9b, 1, tail[0], tail[1], tail[2], high, lower),
            Ipv6Addr::new(0, 0, 0, 0, 0, 0, high, lower),
            Ipv6Addr::new(0x2001, 0, high, lower, tail[0], tail[1], !high, !lower),
            Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, high, lower),
        ];
        for disguise in never {
            prop_assert!(!guard.allows(disguise.into()), "{disguise}");
        }
        prop_assert_eq!(guard.allows(address.to_ipv6_mapped().into()), allowed);
        prop_assert_eq!(through_gateways.allows(nat64.into()), allowed);
        prop_assert_eq!(through_gateways.allows(six_to_four.into()), allowed);
    }

    #[test]
    fn no_address_outside_the_routed_part_is_allowed(bits: u128) {
        let address = Ipv6Addr::from_bits(bits);
        let routed = bits >> 125 == 1;
        prop_assert!(routed || !closed().allows(address.into()) || address.to_ipv4_mapped().is_some(), "{}", address);
    }
}

fn guard_with_gateways() -> baton_connect::guard::Guard {
    guard(&["64:ff9b::/96", "2002::/16"], Names::new(&[&[]]))
}
