//! Walks the WSDL and XSD files and compares them with the rows, both ways: an operation, a type or
//! a field that is on one side only fails here.

use std::collections::{BTreeMap, BTreeSet};

use schemas::contract::files;
use schemas::contract::record::{Card, EnumRow, FieldRow, Place, Ty, TypeRow};
use schemas::contract::{Namespace, OPERATIONS, Permission, Service};
use schemas::xml::{Element, Limits, Tree};

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 32, elements: 100_000, attributes: 100_000, namespaces: 512 };
const TYPES: [(&str, Namespace); 5] = [
    ("cc.xsd", Namespace::Cc),
    ("advanced.xsd", Namespace::Adv),
    ("standard.xsd", Namespace::Std),
    ("session.xsd", Namespace::Session),
    ("da.xsd", Namespace::Da),
];

/// Place, name, type as `prefix:name` with our prefixes, occurrence.
type Field = (Place, String, String, Card);

/// Types in the files that no operation uses; each has its reason.
const UNUSED: [&str; 0] = [];

fn prefix_in_wsdl(service: Service, prefix: &str) -> &'static str {
    match (service, prefix) {
        (_, "xs") => "xs",
        (Service::SessionService, "ns1") => "session",
        (Service::StandardCcService, "ns1") => "cc",
        (Service::StandardCcService, "ns2") => "adv",
        (Service::StandardCcService, "ns3") => "std",
        (Service::DataAccessService, "ns1") => "da",
        _ => panic!("prefix {prefix} in {}", service.name()),
    }
}

fn fields_in_file(group: Element<'_, '_>, rename: &dyn Fn(&str) -> String) -> Vec<Field> {
    let mut fields = Vec::new();
    for part in group.children() {
        match part.local() {
            "sequence" => {
                for child in part.children() {
                    let occurs = (
                        child.attribute("", "minOccurs").unwrap_or("1"),
                        child.attribute("", "maxOccurs").unwrap_or("1"),
                    );
                    let card = match occurs {
                        ("1", "1") => Card::One,
                        ("0", "1") => Card::Opt,
                        ("0", "unbounded") => Card::Many,
                        other => panic!("occurs {other:?}"),
                    };
                    fields.push(field(Place::Elem, child, rename, card));
                }
            }
            "attribute" => {
                assert_eq!(part.attribute("", "use"), Some("required"));
                fields.push(field(Place::Attr, part, rename, Card::One));
            }
            other => panic!("{other} in a complex type"),
        }
    }
    fields
}

fn field(place: Place, item: Element<'_, '_>, rename: &dyn Fn(&str) -> String, card: Card) -> Field {
    let name = item.attribute("", "name").unwrap().to_owned();
    (place, name, rename(item.attribute("", "type").unwrap()), card)
}

fn fields_in_row(row: &TypeRow) -> Vec<Field> {
    row.fields.iter().map(|f| (f.place, f.name.to_owned(), type_name(f), f.card)).collect()
}

fn type_name(field: &FieldRow) -> String {
    match field.ty {
        Ty::Long => "xs:long".to_owned(),
        Ty::Int => "xs:int".to_owned(),
        Ty::Boolean => "xs:boolean".to_owned(),
        Ty::Text => "xs:string".to_owned(),
        Ty::Enum(row) => format!("{}:{}", row.ns.prefix(), row.name),
        Ty::Record(row) => format!("{}:{}", row.ns.prefix(), row.name),
    }
}

#[derive(Default)]
struct Declared {
    types: BTreeMap<String, Vec<Field>>,
    enums: BTreeMap<String, Vec<String>>,
}

fn declared_in_files() -> Declared {
    let mut declared = Declared::default();
    for (file, ns) in TYPES {
        let text = files::xsd(file).unwrap();
        let tree = Tree::parse(text.as_bytes(), &LIMITS).unwrap();
        assert_eq!(tree.root().attribute("", "targetNamespace"), Some(ns.uri()));
        for item in tree.root().children() {
            let name = format!("{}:{}", ns.prefix(), item.attribute("", "name").unwrap_or_default());
            match item.local() {
                "complexType" => {
                    declared.types.insert(name, fields_in_file(item, &str::to_owned));
                }
                "simpleType" => {
                    let restriction = item.child("restriction").unwrap();
                    let values = restriction.children().map(|v| v.attribute("", "value").unwrap().to_owned());
                    declared.enums.insert(name, values.collect());
                }
                _ => {}
            }
        }
    }
    declared
}

/// Every type that a row reaches.
fn reach(
    row: &'static TypeRow,
    types: &mut BTreeMap<String, &'static TypeRow>,
    enums: &mut BTreeMap<String, &'static EnumRow>,
) {
    for field in row.fields {
        match field.ty {
            Ty::Record(inner) => {
                types.insert(type_name(field), inner);
                reach(inner, types, enums);
            }
            Ty::Enum(inner) => {
                enums.insert(type_name(field), inner);
            }
            _ => {}
        }
    }
}

#[test]
fn every_operation_of_the_wsdl_has_a_row_that_agrees_and_the_other_way_round() {
    for service in Service::SERVED {
        let text = files::wsdl(service, "http://localhost");
        let tree = Tree::parse(text.as_bytes(), &LIMITS).unwrap();
        let rename = |name: &str| {
            let (prefix, local) = name.split_once(':').unwrap();
            format!("{}:{local}", prefix_in_wsdl(service, prefix))
        };
        let schema = tree.root().child("types").unwrap().child("schema").unwrap();
        assert_eq!(schema.attribute("", "targetNamespace"), Some(service.namespace().uri()));
        let wrappers: BTreeMap<&str, Vec<Field>> = schema
            .children()
            .filter(|c| c.local() == "element")
            .map(|e| (e.attribute("", "name").unwrap(), fields_in_file(e.child("complexType").unwrap(), &rename)))
            .collect();
        let in_file: BTreeSet<&str> = tree
            .root()
            .child("portType")
            .unwrap()
            .children()
            .map(|operation| operation.attribute("", "name").unwrap())
            .collect();
        let rows: Vec<_> = OPERATIONS.iter().filter(|row| row.service == service).collect();
        assert_eq!(rows.iter().map(|row| row.name).collect::<BTreeSet<_>>(), in_file);
        assert_eq!(rows.len(), in_file.len(), "no row stands twice");
        assert_eq!(wrappers.len(), 2 * rows.len());
        for row in rows {
            assert_eq!(row.request.name, row.name);
            assert_eq!(row.request.ns, service.namespace());
            assert_eq!(fields_in_row(row.request), wrappers[row.name], "request of {}", row.name);
            let reply = format!("{}:{}", row.reply.ns.prefix(), row.reply.name);
            let wanted = vec![(Place::Elem, "return".to_owned(), reply, row.reply_card)];
            assert_eq!(wanted, wrappers[format!("{}Response", row.name).as_str()], "reply of {}", row.name);
        }
    }
}

#[test]
fn every_type_of_the_schemas_has_a_row_that_agrees_and_the_other_way_round() {
    let declared = declared_in_files();
    let (mut types, mut enums) = (BTreeMap::new(), BTreeMap::new());
    for row in &OPERATIONS {
        types.insert(format!("{}:{}", row.reply.ns.prefix(), row.reply.name), row.reply);
        reach(row.request, &mut types, &mut enums);
        reach(row.reply, &mut types, &mut enums);
    }
    for (name, row) in &types {
        assert_eq!(Some(&fields_in_row(row)), declared.types.get(name), "{name}");
    }
    for (name, row) in &enums {
        let values: Vec<String> = row.values.iter().map(|v| (*v).to_owned()).collect();
        assert_eq!(Some(&values), declared.enums.get(name), "{name}");
    }
    let unused: Vec<&str> = declared
        .types
        .keys()
        .filter(|name| !types.contains_key(*name))
        .chain(declared.enums.keys().filter(|name| !enums.contains_key(*name)))
        .map(String::as_str)
        .collect();
    assert_eq!(unused, UNUSED);
}

#[test]
fn advanced_operations_need_an_advanced_session_and_only_logins_need_none() {
    for row in &OPERATIONS {
        match row.service {
            Service::StandardCcService => assert_eq!(
                row.permission,
                if row.name.starts_with("adv") { Permission::Advanced } else { Permission::Standard },
                "{}",
                row.name
            ),
            Service::DataAccessService => assert_ne!(row.permission, Permission::Open, "{}", row.name),
            _ => assert_ne!(row.permission, Permission::Advanced, "{}", row.name),
        }
    }
}
