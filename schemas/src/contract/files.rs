//! The WSDL and XSD files as they are served: the files of `schemas/wsdl` and `schemas/xsd`, with
//! the address that was asked for put in.
//!
//! Which paths they are served at is the business of the HTTP layer. A WSDL names its schemas by
//! their bare file names, so they must be served beside it.

use super::Service;
use crate::xml::Writer;

/// What every WSDL has in place of the address, before the service's name.
const PLACEHOLDER: &str = "http://localhost/axis2/services/";

fn template(service: Service) -> &'static str {
    match service {
        Service::SessionService => include_str!("../../wsdl/SessionService.wsdl"),
        Service::StandardCcService => include_str!("../../wsdl/StandardCCService.wsdl"),
        Service::DataAccessService => include_str!("../../wsdl/DataAccessService.wsdl"),
        Service::EventHandler => include_str!("../../wsdl/EventHandlerCCService.wsdl"),
        Service::AdvEventHandler => include_str!("../../wsdl/AdvEventHandlerCCService.wsdl"),
        Service::SessionHaEventHandler => include_str!("../../wsdl/SessionHAEventHandler.wsdl"),
    }
}

/// The WSDL of a service with `address` (scheme, host, port and path) as its `soap:address`.
#[must_use]
pub fn wsdl(service: Service, address: &str) -> String {
    let mut escaped = Writer::new();
    escaped.text(address);
    let placeholder = format!("\"{PLACEHOLDER}{}\"", service.name());
    template(service).replace(&placeholder, &format!("\"{}\"", escaped.finish()))
}

/// A schema by its file name.
#[must_use]
pub fn xsd(file_name: &str) -> Option<&'static str> {
    Some(match file_name {
        "cc.xsd" => include_str!("../../xsd/cc.xsd"),
        "standard.xsd" => include_str!("../../xsd/standard.xsd"),
        "advanced.xsd" => include_str!("../../xsd/advanced.xsd"),
        "session.xsd" => include_str!("../../xsd/session.xsd"),
        "da.xsd" => include_str!("../../xsd/da.xsd"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_wsdl_names_the_address_once_and_escaped() {
        for service in Service::ALL {
            let served = wsdl(service, "https://oig.example:8443/a?b&c");
            assert_eq!(served.matches("<soap:address location=\"https://oig.example:8443/a?b&amp;c\"/>").count(), 1);
            assert!(!served.contains("localhost"), "{}", service.name());
        }
    }

    #[test]
    fn every_schema_that_a_wsdl_names_is_there() {
        for service in Service::ALL {
            for part in template(service).split("schemaLocation=\"").skip(1) {
                let file = part.split('"').next().unwrap_or_default();
                assert!(xsd(file).is_some(), "{file}");
            }
        }
        assert!(xsd("../Cargo.toml").is_none());
    }
}
