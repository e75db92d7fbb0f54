use super::*;
use crate::issue::{Authority, Issued, Valid};

const NOW_S: i64 = 1_900_000_000;
const DAY_S: i64 = 86_400;

fn fixture(name: &str) -> String {
    let file = format!("{}/tests/fixtures/advanced/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(file).expect("the fixture is there")
}

#[test]
fn each_certificate_is_accepted_or_refused_with_its_reason() {
    use CertificateFault as No;
    let valid = |from: i64, to: i64| Valid { from_s: NOW_S + from * DAY_S, to_s: NOW_S + to * DAY_S };
    let (ours, kept) = Authority::create(valid(-10, 100)).expect("a CA");
    let (other, _) = Authority::create(valid(-10, 100)).expect("a CA of the same name");
    let Issued { certificate, key } = ours.issue("Example Co", "Console", valid(-1, 10)).expect("a certificate");
    let again = |authority: &Authority, company: &str, application: &str, valid: Valid| {
        authority.reissue(company, application, valid, &key).expect("a certificate")
    };
    let at_all_times = |authority| again(authority, "Example Co", "Console", valid(-9000, 9000));
    let body: String = certificate.lines().filter(|line| !line.starts_with('-')).collect();
    let mut anchors = TrustAnchors::default();
    anchors.add(kept.certificate.as_bytes()).expect("an issuer");
    let proven = |text: &str, at_s: i64| anchors.prove(text, "Example Co", "Console", at_s).map(|_| ());
    let now = [
        ("as issued", certificate.clone(), Ok(())),
        ("with CRLF", certificate.replace('\n', "\r\n"), Ok(())),
        ("on one line", certificate.replace('\n', " "), Ok(())),
        ("with white space around", format!("\n\t {certificate}\n \n"), Ok(())),
        ("with what openssl prints before", format!("subject=O = Example Co\n{certificate}"), Ok(())),
        ("base64 without markers", body.clone(), Ok(())),
        (
            "base64 in short lines",
            body.as_bytes().chunks(20).map(|c| format!("{}\n", String::from_utf8_lossy(c))).collect(),
            Ok(()),
        ),
        ("another CA of that name", at_all_times(&other), Err(No::OtherIssuer)),
        ("another application", again(&ours, "Example Co", "Recorder", valid(-1, 10)), Err(No::OtherApplication)),
        ("another company", again(&ours, "Other Co", "Console", valid(-1, 10)), Err(No::OtherApplication)),
        ("expired", again(&ours, "Example Co", "Console", valid(-5, -1)), Err(No::Expired)),
        ("not yet valid", again(&ours, "Example Co", "Console", valid(1, 5)), Err(No::NotYetValid)),
        ("the CA's own", kept.certificate.clone(), Err(No::OtherApplication)),
        ("signed with MD5", fixture("md5.cert.pem"), Err(No::Md5)),
        ("of version 1", fixture("v1.cert.pem"), Err(No::NotVersion3)),
        ("1024 bits", fixture("small.cert.pem"), Err(No::KeySize)),
        ("an EC key", fixture("ec.cert.pem"), Err(No::NotRsa)),
        ("of the field's CA", fixture("field.cert.pem"), Err(No::OtherIssuer)),
        ("two at once", format!("{certificate}{certificate}"), Err(No::Malformed)),
        ("cut off", certificate[..600].to_owned(), Err(No::Malformed)),
        ("something behind it", format!("{body}AAAA"), Err(No::Malformed)),
        ("no certificate", "MIIB".into(), Err(No::Malformed)),
        ("no base64", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----".into(), Err(No::Malformed)),
        ("markers alone", "-----BEGIN CERTIFICATE----------END CERTIFICATE-----".into(), Err(No::Malformed)),
        ("nothing", String::new(), Err(No::Malformed)),
        ("a key", key.clone(), Err(No::Malformed)),
        ("huge", "A".repeat(LONGEST + 1), Err(No::TooLarge)),
    ];
    for (what, text, expected) in now {
        assert_eq!(proven(&text, NOW_S), expected, "{what}");
    }
    // The issuer's own time counts, too.
    assert_eq!(proven(&at_all_times(&ours), NOW_S + 101 * DAY_S), Err(No::IssuerNotValid));
    // A bit of the signature or of what is signed: never accepted, and no panic.
    let der = STANDARD.decode(&body).expect("base64");
    // Between both stands the digest's name once more, unsigned: there a reader may be lenient.
    let signature = der.len() - 256;
    for at in (0..signature - 20).step_by(7).chain((signature..der.len()).step_by(7)) {
        let mut bad = der.clone();
        bad[at] ^= 0x10;
        assert!(proven(&STANDARD.encode(&bad), NOW_S).is_err(), "a bit of byte {at}");
    }
}

#[test]
fn a_root_of_the_field_that_signed_itself_with_md5_is_an_anchor() {
    let mut anchors = TrustAnchors::default();
    anchors.add(fixture("field-ca.cert.pem").as_bytes()).expect("an issuer");
    let proven = |company: &str, application: &str| {
        anchors.prove(&fixture("field.cert.pem"), company, application, NOW_S).map(|_| ())
    };
    assert_eq!(proven("Example Co", "Console"), Ok(()));
    assert_eq!(proven("Example Co", "console"), Err(CertificateFault::OtherApplication));
    assert_eq!(proven("Example", "Console"), Err(CertificateFault::OtherApplication));
}
