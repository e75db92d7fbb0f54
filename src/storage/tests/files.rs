//! What is found when a database is opened: nothing, an older one, a newer one, a damaged one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use diesel::connection::SimpleConnection as _;

use super::*;
use crate::storage::{Known, StorageError, application, migrations};

#[tokio::test]
async fn an_older_database_is_brought_up_to_date_and_keeps_what_it_has() {
    everywhere(async |options| {
        let storage = Storage::reach(&options).expect("it can be reached");
        let missing = storage.migrations().expect("an empty one has none");
        assert!(missing.len() > 1 && missing.iter().all(|step| !step.applied), "{missing:?}");
        let first = storage.blocking(|c| migrations::apply_first(c, 1)).expect("applied");
        assert_eq!(first, [missing[0].name.clone()]);
        let known = storage.write(|c| application::add(c, &application("Pop"), &by(), NOW_MS)).await.expect("added");

        let later = match options.place {
            Place::Memory => {
                storage.blocking(migrations::apply).expect("brought up to date");
                storage
            }
            _ => Storage::open(&options).expect("brought up to date"),
        };
        assert!(later.migrations().expect("read").iter().all(|step| step.applied));
        let kept = later.with(later.sealing(Known::read)).await.expect("read").applications;
        assert_eq!(kept.iter().map(|kept| &kept.id).collect::<Vec<_>>(), [&known.id]);
        assert!(later.with(crate::storage::account::all).await.expect("there is a table now").is_empty());
        assert!(later.blocking(migrations::apply).expect("nothing to do").is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_newer_database_is_refused_and_left_as_it_is() {
    opened(async |storage| {
        let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99990101000000')";
        storage.with(move |c| Ok(c.batch_execute(newer)?)).await.expect("written");
        let refused = storage.blocking(migrations::apply).expect_err("it is newer").to_string();
        assert!(refused.contains("99990101000000") && refused.contains("later version"), "{refused}");
    })
    .await;
}

#[test]
fn a_file_is_made_for_its_user_alone_with_its_folder() {
    let folder = Folder::new();
    let file = folder.0.join("data").join("oig.db");
    let storage = Storage::open(&options(Place::File(file.clone()))).expect("made");
    drop(storage);
    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(file.parent().expect("a folder")), mode(&file)), (0o700, 0o600));
}

#[test]
fn what_is_no_database_or_a_broken_one_is_refused_in_words_and_not_written_to() {
    let folder = Folder::new();
    let file = folder.0.join("oig.db");
    let open =
        || Storage::open(&options(Place::File(file.clone()))).map(|storage| storage.begin(&Default::default(), 1));
    // Text, where a database should be.
    let text = "[http]\nlisten = '127.0.0.1:8080'\n".repeat(100);
    fs::write(&file, &text).expect("written");
    let refused = open().map(drop).expect_err("no database");
    assert!(matches!(refused, StorageError::Damaged(_)), "{refused:?}");
    assert_eq!(fs::read_to_string(&file).expect("read"), text);
    // One that was cut off, and one whose middle is noise.
    fs::remove_file(&file).expect("removed");
    drop(open().expect("made"));
    let whole = fs::read(&file).expect("read");
    assert!(whole.len() > 8192, "{} bytes", whole.len());
    let noise: Vec<u8> = whole.iter().enumerate().map(|(i, b)| if i < 4096 { *b } else { 0xA5 }).collect();
    for damaged in [&whole[..4096], &noise[..]] {
        fs::write(&file, damaged).expect("written");
        let refused = match open() {
            Err(error) | Ok(Err(error)) => error,
            Ok(Ok(_)) => panic!("a damaged file was used"),
        };
        assert!(matches!(refused, StorageError::Damaged(_)), "{refused:?}");
    }
    fs::write(&file, &whole).expect("written");
    open().expect("mended").expect("used");
}

#[test]
fn a_place_that_cannot_be_is_named() {
    let folder = Folder::new();
    fs::write(folder.0.join("file"), "").expect("written");
    let refused = Storage::open(&options(Place::File(folder.0.join("file").join("oig.db")))).expect_err("no folder");
    assert!(refused.to_string().contains("file/oig.db"), "{refused}");
    let refused = Storage::open(&options(Place::File(folder.0.clone()))).expect_err("a folder");
    assert!(matches!(refused, StorageError::Unreachable(_)), "{refused:?}");
}

#[cfg(feature = "postgres")]
#[test]
fn a_server_that_cannot_be_reached_is_named_without_the_password() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").port();
    let url = SecretString::from(format!("postgres://oig:open-sesame@127.0.0.1:{port}/oig"));
    let place = Place::of(&url, std::path::Path::new("")).expect("well-formed");
    let refused = Storage::open(&options(place)).expect_err("nobody listens");
    assert!(matches!(refused, StorageError::Unreachable(_)), "{refused:?}");
    let told = format!("{refused} {refused:?}");
    assert!(told.contains(&port.to_string()) && !told.contains("sesame"), "{told}");
}
