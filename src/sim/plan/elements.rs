//! The network elements that a node knows: the cluster's nodes, itself among them, and the gateways that may read its forms.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use schemas::domain::Ceid;

use super::{LAB_NODES, Plan, ceid};

/// Something of the cluster that is reached at an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    pub name: String,
    /// Of a node; a gateway has none.
    pub ceid: Option<Ceid>,
    pub address: IpAddr,
}

/// Where a node of the lab is: 127.0.0.1x with x its number.
#[must_use]
pub fn lab_address(node: Ceid) -> IpAddr {
    let last = u8::try_from(node.get()).unwrap_or(0).saturating_add(10);
    IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
}

/// A gateway of this machine, by both kinds of address.
pub(super) fn gateways() -> Vec<Element> {
    let gateway = |name: &str, address| Element { name: name.into(), ceid: None, address };
    vec![
        gateway("Gateway", IpAddr::V4(Ipv4Addr::LOCALHOST)),
        gateway("Gateway (IPv6)", IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ]
}

impl Plan {
    /// A node, this one or another, is at an address; one that was not known is called by its number.
    pub fn found_at(&mut self, node: Ceid, address: IpAddr) {
        match self.elements.iter_mut().find(|element| element.ceid == Some(node)) {
            Some(element) => element.address = address,
            None => {
                let name = if node == self.ceid { self.name.clone() } else { format!("Node {}", node.get()) };
                self.elements.push(Element { name, ceid: Some(node), address });
            }
        }
    }

    /// The nodes of the lab as its page has them.
    pub(super) fn know_the_lab(&mut self) {
        for (number, title) in (1..).zip(LAB_NODES) {
            let node = ceid(number);
            self.found_at(node, lab_address(node));
            if let Some(element) = self.elements.iter_mut().find(|element| element.ceid == Some(node)) {
                element.name = title.into();
            }
        }
        self.found_at(self.ceid, lab_address(self.ceid));
    }
}
