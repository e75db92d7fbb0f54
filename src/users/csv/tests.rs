//! Files of users: what is read of them, what is refused, and that what is written is read again.

use proptest::prelude::*;
use secrecy::ExposeSecret as _;

use super::*;
use crate::storage::user::Profile;

fn user(email: &str, name: &str, dn: Option<&str>, ceid: Option<u16>, disabled: bool) -> User {
    let profile =
        Profile { name: name.into(), dn: dn.map(str::to_owned), ceid, integration: Integration::Google, disabled };
    User {
        id: "0".repeat(29),
        number: 1,
        email: email.into(),
        profile,
        has_password: true,
        generation: 1,
        locked_until_ms: 0,
        created_at_ms: 0,
        changed_at_ms: 0,
        changed_by: "tester".into(),
        version: 1,
    }
}

/// The one row of a file, with what is wrong with it.
fn only(text: &str) -> Result<Wanted, String> {
    let mut rows = read(text.as_bytes()).expect("a file of users");
    assert_eq!(rows.len(), 1, "{text:?}");
    rows.remove(0).wanted
}

#[test]
fn a_file_is_read_as_spreadsheets_write_it() {
    let text = "\u{feff}Email;Name;KIND;dn;node;disabled;password\r\n Mary@Example.com ;\"Mary; \"\"M\"\"\";Salesforce;\
                1000;1;YES; two words \r\n;;;;;;\r\n";
    let wanted = only(text).expect("well written");
    assert_eq!((wanted.email.as_str(), wanted.name.as_deref()), ("mary@example.com", Some("Mary; \"M\"")));
    assert_eq!(wanted.integration, Some(Integration::Salesforce));
    assert_eq!((wanted.dn, wanted.ceid, wanted.disabled), (Some(Some("1000".into())), Some(Some(1)), Some(true)));
    assert_eq!(wanted.password.expect("one").expose_secret(), " two words ", "a password is taken as it is");
    let wanted = only("email,dn,node\na@b,,\n").expect("well written");
    assert_eq!((wanted.dn, wanted.ceid), (Some(None), Some(None)), "no phone any more");
    assert!(wanted.name.is_none() && wanted.integration.is_none() && wanted.disabled.is_none());
    let rows = read(b"email,name\na@b,\"two\nlines\"\nc@d,x\n").expect("a file");
    assert_eq!(rows.iter().map(|row| row.line).collect::<Vec<_>>(), [2, 4], "as an editor counts them");
}

#[test]
fn what_is_wrong_with_a_row_is_said_with_its_row() {
    let long = "x".repeat(LARGEST_CELL + 1);
    for (row, fault) in [
        ("a@b,A,google,1,1,no", "The row has 6 cells instead of 7."),
        ("a@b,A,google,1,1,no,,", "The row has 8 cells instead of 7."),
        ("ab,A,google,,,no,", "The e-mail address is none."),
        ("a@b,A,hubspot,,,no,", "The kind must be 'salesforce' or 'google'."),
        ("a@b,A,,,,no,", "The kind must be 'salesforce' or 'google'."),
        ("a@b,A,google,1,x,no,", "The node must be 1 to 999."),
        ("a@b,A,google,1,99999,no,", "The node must be 1 to 999."),
        ("a@b,A,google,,,perhaps,", "The column 'disabled' must hold yes or no."),
        ("a@b,A,google,,,no,short", "The password must have 8 to 128 characters."),
        (&format!("a@b,{long},google,,,no,"), "A cell has more than 1024 bytes."),
    ] {
        let text = format!("email,name,kind,dn,node,disabled,password\n{row}\n");
        assert_eq!(only(&text).expect_err(row), fault, "{row}");
    }
}

#[test]
fn what_is_no_file_of_users_is_refused_whole() {
    let rows = |count: usize, cells: &str| (0..count).map(|i| format!("u{i}@b{cells}\n")).collect::<String>();
    for (text, fault) in [
        (String::new().into_bytes(), SheetFault::Empty.into()),
        (b"name,kind\nA,google\n".to_vec(), SheetFault::NoColumn("email").into()),
        (b"email,phone\n".to_vec(), SheetFault::UnknownColumn(2, FORM.columns.join(", ")).into()),
        (b"email,name,Name\n".to_vec(), SheetFault::ColumnTwice("name").into()),
        (b"email\n\xff@b\n".to_vec(), SheetFault::NotText.into()),
        (b"PK\x03\x04".to_vec(), SheetFault::UnknownColumn(1, FORM.columns.join(", ")).into()),
        (vec![b'x'; LARGEST_FILE + 1], SheetFault::TooLarge(LARGEST_FILE).into()),
        (format!("email\n{}", rows(MOST_ROWS + 1, "")).into_bytes(), SheetFault::TooManyRows(MOST_ROWS).into()),
        (
            format!("email,password\n{}", rows(MOST_PASSWORDS + 1, ",long enough")).into_bytes(),
            FileFault::TooManyPasswords,
        ),
    ] {
        assert_eq!(read(&text).err(), Some(fault));
    }
    assert_eq!(read(format!("email\n{}", rows(MOST_ROWS, "")).as_bytes()).expect("as many").len(), MOST_ROWS);
}

#[test]
fn what_a_spreadsheet_would_take_for_a_formula_is_harmless() {
    let evil = [
        user("=cmd@example.com", "=1+1", None, None, false),
        user("a@example.com", "@SUM(A1)", Some("1000"), Some(1), false),
        user("b@example.com", "-1", None, None, true),
        user("c@example.com", "+49, \"x\"", None, None, false),
    ];
    let text = String::from_utf8(write(&evil).expect("written")).expect("text");
    assert_eq!(
        text,
        "email,name,kind,dn,node,disabled\n'=cmd@example.com,'=1+1,google,,,no\n\
         a@example.com,'@SUM(A1),google,1000,1,no\nb@example.com,'-1,google,,,yes\n\
         c@example.com,\"'+49, \"\"x\"\"\",google,,,no\n"
    );
    assert!(!text.contains("argon2") && !text.contains("password"));
}

proptest! {
    #[test]
    fn what_is_exported_is_imported_as_it_was(
        name in "('{0,2}[=+@-])?[a-z,;\"' \u{e4}]{0,8}[a-z]", dn in proptest::option::of("[0-9]{1,7}"), disabled: bool
    ) {
        let users = [user("x@example.com", name.trim(), dn.as_deref(), dn.as_ref().map(|_| 7), disabled)];
        let rows = read(&write(&users).expect("written")).expect("read");
        let wanted = rows[0].wanted.as_ref().expect("well written");
        prop_assert_eq!(wanted.name.as_deref(), Some(users[0].profile.name.as_str()));
        prop_assert_eq!(wanted.dn.clone(), Some(dn.clone()));
        prop_assert_eq!(wanted.ceid, Some(dn.map(|_| 7)));
        prop_assert_eq!((wanted.integration, wanted.disabled), (Some(Integration::Google), Some(disabled)));
    }

    #[test]
    fn whatever_is_read_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&bytes);
        let _ = read(&[b"email,name,password\n".as_slice(), &bytes].concat());
    }
}
