//! The table `ui_language`: translations of what the pages say.

use super::*;
use crate::storage::ui_language::{self, Kept, MOST, Translations};
use crate::storage::{StorageError, audit};

fn texts(of: &[(&str, &str)]) -> Translations {
    of.iter().map(|(text, translation)| ((*text).into(), (*translation).into())).collect()
}

#[tokio::test]
async fn a_language_is_written_whole_by_who_has_read_it_as_it_is() {
    opened(async |storage| {
        let write = async |read: Option<Kept>, to: Translations, now_ms: i64| {
            storage.write(move |c| ui_language::write(c, "de", read.as_ref(), &to, &by(), now_ms)).await
        };
        let find = async || storage.with(|c| ui_language::find(c, "de")).await.expect("read");
        assert_eq!(find().await, None);
        let first = texts(&[("Sign in", "Anmelden"), ("It's \"{0}\"", "„{0}“ 'ß' \\ \u{1f600}")]);
        write(None, first.clone(), NOW_MS).await.expect("made");
        let read = find().await.expect("there");
        assert_eq!((&read.texts, read.version, read.changed_by.as_str()), (&first, NOW_MS, by().who.as_str()));
        assert!(matches!(write(None, first.clone(), NOW_MS).await, Err(StorageError::Exists(_))));
        let second = texts(&[("Sign in", "Einloggen")]);
        write(Some(read.clone()), second.clone(), NOW_MS + 1).await.expect("changed");
        assert!(matches!(write(Some(read.clone()), first.clone(), NOW_MS).await, Err(StorageError::Changed(_))));
        let now = find().await.expect("there");
        assert_eq!((&now.texts, now.version, now.changed_at_ms), (&second, NOW_MS + 1, NOW_MS + 1));
        let log = storage.with(|c| audit::newest(c, None, 9)).await.expect("read");
        let line = log.first().expect("a line");
        assert_eq!((line.action.as_str(), line.object.as_str()), ("import", "texts in de"));
        assert_eq!(line.before.as_deref(), Some("{\"given_or_changed\":0,\"texts\":2}"));
        assert_eq!(line.after.as_deref(), Some("{\"given_or_changed\":1,\"texts\":1}"));

        let remove = async |read: Kept| storage.write(move |c| ui_language::remove(c, &read, &by(), NOW_MS)).await;
        assert!(matches!(remove(read).await, Err(StorageError::Changed(_))));
        remove(now.clone()).await.expect("removed");
        assert!(matches!(remove(now).await, Err(StorageError::Changed(_))));
        assert_eq!(find().await, None);
    })
    .await;
}

#[tokio::test]
async fn languages_are_listed_in_their_order_and_are_not_without_end() {
    opened(async |storage| {
        let done = storage.write(|c| {
            for i in (0..MOST).rev() {
                let name = format!("x{}", char::from(b'a' + u8::try_from(i % 26).unwrap_or(0)));
                let name = if i < 26 { name } else { format!("{name}-AT") };
                ui_language::write(c, &name, None, &texts(&[("a", &name)]), &by(), NOW_MS)?;
            }
            Ok(())
        });
        done.await.expect("as many as there may be");
        let one = storage.write(|c| ui_language::write(c, "zz", None, &Translations::new(), &by(), NOW_MS)).await;
        assert!(matches!(one, Err(StorageError::Invalid { .. })));
        let all = storage.with(ui_language::all).await.expect("read");
        let names: Vec<_> = all.iter().map(|kept| kept.language.clone()).collect();
        assert_eq!(names.len(), MOST);
        assert!(names.is_sorted() && names[..3] == ["xa", "xa-AT", "xb"], "{names:?}");
        let versions = storage.with(ui_language::versions).await.expect("read");
        assert_eq!(versions, all.iter().map(|kept| (kept.language.clone(), kept.version)).collect::<Vec<_>>());
    })
    .await;
}
