//! Where calls may go. Every connection to an address that comes from a workspace or from data begins with [`Guard::admit`],
//! and goes to the very address that was checked: nobody resolves the name a second time.

use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use ipnet::IpNet as Network;
use ipnet::IpNet;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout_at};
use url::Host;

use crate::address;

/// To find the name's addresses and reach one of them.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A name may answer with any number of addresses, all are checked; but no caller waits for more than these.
const ADDRESSES_TRIED_MAX: usize = 8;

/// Look-ups under way. The system may take far longer than anybody waits for it, each on a thread that others need as well.
const LOOK_UPS_MAX: usize = 64;

/// Asks for the addresses of a name.
pub trait Resolve: Send + Sync {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// The machine's own resolver, with its hosts file.
pub struct SystemResolver {
    look_ups: Arc<Semaphore>,
}

impl Default for SystemResolver {
    fn default() -> SystemResolver {
        SystemResolver { look_ups: Arc::new(Semaphore::new(LOOK_UPS_MAX)) }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            // The semaphore is never closed.
            let turn = self.look_ups.clone().acquire_owned().await.ok();
            let name = name.to_owned();
            // The turn stays with the thread, which goes on when nobody waits for it any more.
            let look_up = move || {
                let found = (name.as_str(), 0).to_socket_addrs().map(|found| found.map(|address| address.ip()).collect());
                drop(turn);
                found
            };
            spawn_blocking(look_up).await.map_err(io::Error::other)?
        })
    }
}

pub struct Guard {
    /// Networks that the operator opens although they are not globally routable.
    allow: Vec<IpNet>,
    resolver: Arc<dyn Resolve>,
}

#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("is not allowed: {0}")]
    NotAllowed(IpAddr),
    #[error("{0}")]
    NotFound(String),
}

impl Guard {
    pub fn new(allow: Vec<IpNet>, resolver: Arc<dyn Resolve>) -> Guard {
        Guard { allow, resolver }
    }

    /// The addresses of `host`, when every one of them may be connected to. One that may not refuses all: a name that answers both
    /// is either an attack or wrongly set up, and which address would be taken is chance.
    pub async fn admit(&self, host: &Host<String>, port: u16) -> Result<Admitted, Refused> {
        let addresses = match host {
            Host::Ipv4(address) => vec![IpAddr::V4(*address)],
            Host::Ipv6(address) => vec![IpAddr::V6(*address)],
            Host::Domain(name) => self.resolver.resolve(name).await.map_err(|error| Refused::NotFound(error.to_string()))?,
        };
        // An IPv4 address is the same one in its IPv6 dress.
        let addresses: Vec<IpAddr> = addresses.iter().map(IpAddr::to_canonical).collect();
        if let Some(refused) = addresses.iter().find(|address| !self.allows(**address)) {
            return Err(Refused::NotAllowed(*refused));
        }
        if addresses.is_empty() {
            return Err(Refused::NotFound("the name has no address".to_owned()));
        }
        Ok(Admitted(addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()))
    }

    pub fn allows(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        let listed = || self.allow.iter().any(|network| network.contains(&address));
        let carried = match address {
            IpAddr::V6(address) => address::carried(address),
            IpAddr::V4(_) => None,
        };
        // A gateway that the operator opens does not open what lies behind it.
        (address::is_global(address) || listed()) && carried.is_none_or(|carried| self.allows(IpAddr::V4(carried)))
    }
}

/// Addresses that have been checked; only [`Guard::admit`] makes them.
#[derive(Debug)]
pub struct Admitted(Vec<SocketAddr>);

impl Admitted {
    /// To the first address that answers. Each gets a fair part of the time that is left, so that a silent one leaves some to the next.
    pub async fn connect(&self, deadline: Instant) -> io::Result<TcpStream> {
        let tried = &self.0[..self.0.len().min(ADDRESSES_TRIED_MAX)];
        let mut failure = io::Error::from(io::ErrorKind::TimedOut);
        for (address, left) in tried.iter().zip((1..=u32::try_from(tried.len()).unwrap_or(1)).rev()) {
            let now = Instant::now();
            let part = deadline.saturating_duration_since(now) / left;
            match timeout_at(now + part, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failure = error,
                Err(_) => failure = io::ErrorKind::TimedOut.into(),
            }
        }
        Err(failure)
    }
}

/// A network of the operator's list: `10.1.0.0/16`, `fd00::/8`, or one address.
pub fn network(text: &str) -> Result<IpNet, NotNetwork> {
    let network: IpNet = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| NotNetwork(text.to_owned()))?;
    // Addresses are compared in their IPv4 form, so this one would never match.
    let mapped = matches!(network, IpNet::V6(network) if network.addr().to_ipv4_mapped().is_some());
    if mapped { Err(NotNetwork(text.to_owned())) } else { Ok(network) }
}

#[derive(Debug, thiserror::Error)]
#[error("{0:?} is not a network: write it like 10.1.0.0/16, fd00::/8 or 10.1.2.3")]
pub struct NotNetwork(String);
