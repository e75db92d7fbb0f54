//! Which addresses events may be sent to.
//!
//! An application names the address, so a gateway that sent anywhere would be a hand into the
//! networks that it stands in. Asked for every connection, with the address that is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Where clouds answer with their secrets, besides the link-local 169.254.169.254.
const METADATA_V6: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
const METADATA_V4: Ipv4Addr = Ipv4Addr::new(100, 100, 100, 200);

/// The networks that the site allows.
#[derive(Debug, Clone)]
pub struct Networks(Vec<IpNet>);

impl Networks {
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self(allowed)
    }

    /// Whether an event may go there. Some addresses are out, whatever the site allows.
    #[must_use]
    pub fn allow(&self, address: IpAddr) -> bool {
        // An IPv4 address in IPv6 clothes is that IPv4 address.
        let address = address.to_canonical();
        !is_never(address) && self.0.iter().any(|network| network.contains(&address))
    }
}

fn is_never(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_never_v4(v4),
        IpAddr::V6(v6) => is_never_v6(v6),
    }
}

fn is_never_v4(address: Ipv4Addr) -> bool {
    // "This network", class E with the limited broadcast, and what the names say.
    let first = address.octets()[0];
    first == 0 || first >= 240 || address.is_link_local() || address.is_multicast() || address == METADATA_V4
}

fn is_never_v6(address: Ipv6Addr) -> bool {
    if address == Ipv6Addr::LOCALHOST {
        return false;
    }
    address.is_unspecified()
        || address.is_multicast()
        || address.is_unicast_link_local()
        || address == METADATA_V6
        || carried(address).is_some_and(is_never_v4)
}

/// The IPv4 address that a translator or tunnel would go on to.
fn carried(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let v4 = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    match address.segments() {
        // IPv4-compatible, NAT64.
        [0, 0, 0, 0, 0, 0, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some(v4(high, low)),
        // 6to4.
        [0x2002, high, low, ..] => Some(v4(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn networks(allowed: &[&str]) -> Networks {
        Networks::new(allowed.iter().map(|n| n.parse().expect("a network")).collect())
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().expect("an address")
    }

    #[test]
    fn only_what_is_listed_is_allowed_and_in_ipv6_clothes_too() {
        let networks = networks(&["127.0.0.0/8", "::1/128", "10.1.0.0/16"]);
        for yes in ["127.0.0.1", "127.9.9.9", "::1", "10.1.2.3", "::ffff:10.1.2.3", "::ffff:127.0.0.1"] {
            assert!(networks.allow(ip(yes)), "{yes}");
        }
        for no in ["10.2.0.1", "::ffff:10.2.0.1", "192.0.2.1", "2001:db8::1", "64:ff9b::10.1.2.3"] {
            assert!(!networks.allow(ip(no)), "{no}");
        }
        assert!(!self::networks(&[]).allow(ip("127.0.0.1")));
    }

    #[test]
    fn some_addresses_are_out_even_when_everything_is_allowed() {
        let networks = networks(&["0.0.0.0/0", "::/0"]);
        for no in [
            "0.0.0.0",
            "0.1.2.3",
            "169.254.0.1",
            "169.254.169.254",
            "100.100.100.200",
            "224.0.0.1",
            "239.255.255.255",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "fe80::1",
            "febf::1",
            "ff02::1",
            "fd00:ec2::254",
            "::ffff:169.254.169.254",
            "::ffff:0.0.0.0",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!networks.allow(ip(no)), "{no}");
        }
        for yes in ["192.0.2.1", "10.0.0.1", "127.0.0.1", "2001:db8::1", "::1", "fd00::1"] {
            assert!(networks.allow(ip(yes)), "{yes}");
        }
    }
}
