//! Pages in other languages: files of texts that come and go, and that every page is in the language that a browser asks
//! for, whole.

use reqwest::Method;

use super::{Site, TABLE, upload_with};
use crate::certs::people::{Page, Person};
use crate::common::app::App;
use crate::common::cluster::Node;
use crate::common::eventually;
use crate::users;

async fn get_in(person: &Person, path: &str, languages: &str) -> Page {
    person.send(Method::GET, path, &[("accept-language", languages)], None).await
}

#[tokio::test]
async fn a_file_of_texts_is_shown_first_and_done_whole_when_that_is_confirmed() {
    let site = Site::start(&[]).await;
    let (root, reader) = (site.signed_in("administrator").await, site.signed_in("reader").await);
    let page = reader.get("/texts").await;
    page.is(200, "There is no other language yet.");
    assert!(!page.body.contains("/texts/import"), "a reader imports nothing");
    reader.get("/texts/export?language=<b>de").await.is(422, "The language must have a name as de or de-AT have.");
    let file = reader.get("/texts/export?language=DE").await;
    assert_eq!(file.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(file.header("content-disposition"), "attachment; filename=\"texts-de.csv\"");
    assert!(file.body.starts_with("text,translation\n") && file.body.contains("\nLocal password,\n"), "{}", file.body);

    let send = async |person: &Person, language: &str, content: &[u8]| {
        person.get("/texts/import").await;
        upload_with(person, "/texts/import", &[("language", language)], "file", content).await
    };
    let large = vec![b'x'; 512 * 1024 + 1];
    let wrong: [(&str, &[u8], &str); 6] = [
        ("german", b"text\n", "The language must have a name as de or de-AT have."),
        ("de", b"", "The file is empty."),
        ("de", b"\xff", "The file is no text in UTF-8."),
        ("de", b"translation\n", "The file has no column 'text' in its first line."),
        ("de", b"text,name\n", "Column 2 has a name that is not known; there are text, translation."),
        ("de", &large, "The file has more than 512 KiB."),
    ];
    for (language, content, fault) in wrong {
        send(&root, language, content).await.is(422, fault);
    }
    let bad = "text,translation\nSign in,Anmelden\nNo <i>such</i> text,Kein\n{0} may enter.,Darf\nSign in,x\nName\n";
    let page = send(&root, "de", bad.as_bytes()).await;
    for words in [
        "3 rows are refused, so nothing can be done.",
        "3 No <i>such</i> text not known here",
        "4 {0} may enter. refused The translation has other values than the text.",
        "5 Sign in refused The text is further up already.",
        "6 Name refused The row has 1 cells instead of 2.",
        "2 Sign in added Anmelden",
    ] {
        page.is(422, words);
    }
    assert!(!page.body.contains("<i>") && !page.body.contains("Do it"), "{}", page.body);
    root.post("/texts/import/confirm", &[("import", "1")]).await.is(422, "another one took its place");
    assert!(!site.gateway.admin(&["texts"], "").expect("listed").contains("de"), "nothing was done");

    let german = "text;translation\nSign in;Anmelden\nName;Name\nPassword;<b>Kennwort</b>\nApplications;Anwendungen\n\
                  {0} of {1};{0} von {1}\nThe file is imported: {0} texts in {1} were given or changed.;\
                  Eingelesen: {0} Texte ({1}).\nThere is no such page.;Diese Seite gibt es nicht.\n\
                  No application may enter yet.;'=1+1\nNot Found;Nicht gefunden\n";
    let planned = async || {
        let page = send(&root, "de", german.as_bytes()).await;
        page.is(200, "Nothing has been done yet.");
        page.hidden("import").expect("it can be done")
    };
    let number = planned().await;
    // The language is not as it was shown: nothing is done.
    let folder = site.gateway.folder().join("texts.csv");
    std::fs::write(&folder, "text,translation\nSign in,Einloggen\n").expect("written");
    let name = folder.to_str().expect("a path of this machine");
    site.gateway.admin(&["import-texts", "de", name], "").expect("imported");
    root.post("/texts/import/confirm", &[("import", &number)]).await.is(422, "There is already: texts in de.");
    let somebody = site.somebody();
    eventually("a running gateway has what a command imports", async || {
        get_in(&somebody, "/sign-in", "de").await.body.contains("Einloggen").then_some(())
    })
    .await;
    let number = planned().await;
    site.gateway.admin(&["remove-texts", "de"], "").expect("removed");
    root.post("/texts/import/confirm", &[("import", &number)]).await.is(409, "changed meanwhile");

    let number = planned().await;
    root.post("/texts/import/confirm", &[("import", &number)]).await.leads_to("/admin/texts");
    let page = get_in(&root, "/texts", "fr, de-CH;q=0.8, en;q=0.5").await;
    page.is(200, "Eingelesen: 9 Texte (de).");
    page.is(200, "9 von ");
    assert!(page.body.contains("<html lang=\"de\">"), "{}", page.body);
    let page = get_in(&somebody, "/sign-in", "de").await;
    page.is(200, "Anmelden Name <b>Kennwort</b>");
    assert!(!page.body.contains("<b>"), "no translation brings markup: {}", page.body);
    assert_eq!(page.header("cache-control"), "no-store", "another browser is shown another language");
    get_in(&root, "/nothing", "de").await.is(404, "Nicht gefunden Diese Seite gibt es nicht.");
    for languages in ["en, de;q=0.9", "en-US, de", "fr", "*", "de;q=0", ""] {
        let page = get_in(&root, "/applications", languages).await;
        assert!(page.body.contains("<html lang=\"en\">") && page.text().contains("Applications"), "{languages}");
    }
    let file = reader.get("/texts/export?language=de").await;
    assert!(file.body.contains("\nNo application may enter yet.,'=1+1\n"), "no formula: {}", file.body);
    send(&root, "de", file.body.as_bytes()).await.is(200, "there is nothing to do");

    let page = root.get("/texts").await;
    let version = page.hidden("version").expect("a form");
    let take = |version: &str| [("version", version.to_owned())];
    let remove = async |version: &str| {
        let fields = take(version);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        root.post("/texts/de/remove", &fields).await
    };
    remove("7").await.is(409, "changed meanwhile");
    remove(&version).await.leads_to("/admin/texts");
    get_in(&somebody, "/sign-in", "de").await.is(200, "Sign in");
    let log = root.get("/log").await;
    for words in ["import texts in de", "remove texts in de", "administrator 127.0.0.1"] {
        log.is(200, words);
    }
}

/// What is data, in every language: of this test's own, and what is spelt as in files and on wires.
const DATA: &[&str] = &[
    "ada@example.com",
    "ada",
    "ben",
    "Mary",
    "mary@example.com",
    "Example Co",
    "Screen Pop",
    "Console",
    "Recorder",
    "Gone",
    "UTC",
    "SQLite",
    "ECDSA",
    "RSA",
    "SHA-256",
    "ed3",
    "ed4",
    "ed5",
    "ed6",
];

/// What a page shows or has read out, piece by piece.
fn shown(page: &Page, as_it_is: &[&str]) -> Vec<String> {
    let (mut shown, mut rest) = (Vec::new(), page.body.as_str());
    let mut inside = String::new();
    while let Some((text, after)) = rest.split_once('<') {
        // Files' words, records and what somebody typed are as they are.
        if !["code", "pre", "textarea"].iter().chain(as_it_is).any(|own| *own == inside) {
            shown.push(text.to_owned());
        }
        let (tag, after) = after.split_once('>').expect("an end of a tag");
        inside = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
        for name in ["aria-label", "title", "placeholder", "data-is"] {
            let value = tag.split_once(&format!(" {name}=\"")).and_then(|(_, rest)| rest.split_once('"'));
            shown.extend(value.map(|(value, _)| value.to_owned()));
        }
        rest = after;
    }
    shown.retain(|text| !text.trim().is_empty());
    shown
}

/// What of it is neither within ⟦ and ⟧ nor data.
fn untranslated(page: &Page, as_it_is: &[&str], data: &[String]) -> Vec<String> {
    let outside = |text: &String| {
        let mut depth = 0_u32;
        let mut out = String::new();
        for c in text.chars() {
            match c {
                '⟦' => depth += 1,
                '⟧' => depth -= 1,
                c if depth == 0 => out.push(c),
                _ => {}
            }
        }
        out
    };
    let mut data: Vec<_> = DATA.iter().map(|word| (*word).to_owned()).chain(data.iter().cloned()).collect();
    data.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut left = Vec::new();
    for text in shown(page, as_it_is) {
        let rest = data.iter().fold(outside(&text), |rest, word| rest.replace(word, ""));
        if rest.chars().any(char::is_alphabetic) {
            left.push(text.trim().to_owned());
        }
    }
    left
}

#[tokio::test]
async fn every_page_is_whole_in_the_language_that_a_browser_asks_for() {
    let node = Node::start(1).await;
    let site = Site::copying(&node).await;
    for (name, role) in [("ada", "administrator"), ("ben", "operator")] {
        let add = ["add-account", name, "--role", role, "--email", "ada@example.com"];
        site.gateway.admin(&add, &format!("{}\n", super::PASSWORD)).expect("added");
    }
    users::import(&site.gateway, "mary@example.com,Mary,salesforce,1000,1,no,\n").expect("imported");
    site.gateway.admin(&["add-token", "ada", "Mary", "--scopes", "all"], "").expect("made");
    let app = App::login(&site.gateway.url).await;
    app.watch(&node.address.to_string(), "1000").await;
    // Each text as its own translation, in brackets.
    let english = site.gateway.admin(&["export-texts", "qps"], "").expect("exported");
    let mut pseudo = String::from("text,translation\n");
    let mut texts = 0;
    for line in english.lines().skip(1) {
        let text = line.strip_suffix(',').expect("no translation yet");
        let bare = text.trim_matches('"').trim_start_matches('\'');
        let (begin, end) = if text.starts_with('"') { ("\"", "\"") } else { ("", "") };
        pseudo.push_str(&format!("{text},{begin}⟦{bare}⟧{end}\n"));
        texts += 1;
    }
    let file = site.gateway.folder().join("pseudo.csv");
    std::fs::write(&file, pseudo).expect("written");
    let file = file.to_str().expect("a path of this machine");
    let said = site.gateway.admin(&["import-texts", "qps", file], "").expect("imported");
    assert!(said.starts_with(&format!("{texts} added, 0 changed")), "{said}");

    let wanted = ("accept-language", "qps, en;q=0.5");
    let somebody = site.somebody();
    eventually("the gateway has the language", async || {
        get_in(&somebody, "/sign-in", wanted.1).await.body.contains("⟦Sign in⟧").then_some(())
    })
    .await;
    let root = site.signed_in("ada").await;
    let named = async |list: &str, text: &str| {
        let link = root.get(list).await.link_of(text).expect("a link");
        link.rsplit('/').next().expect("an id").to_owned()
    };
    let (application, user) = (named("/applications", "Screen Pop").await, named("/users", "mary@example.com").await);
    let account = named("/accounts", "ben").await;
    let status = root.get("/").await.text();
    let after =
        |name: &str| status.split_once(name).expect("a fact").1.split_whitespace().next().expect("it").to_owned();
    let mut data = vec![after("Version"), after("Id for licences"), node.address.to_string(), "qps".to_owned()];
    let (_, database) = status.split_once("Database ").expect("a fact");
    data.push(database.split(" Id for licences").next().expect("its name").to_owned());
    // Sections of the settings, scopes, kinds of nodes: as files and programs spell them.
    let spelt = ["http", "limits", "integrations", "log", "push", "journal", "ha", "acl", "licence"];
    data.extend(spelt.map(str::to_owned));
    data.extend(oig::admin::scope::SCOPES.iter().map(|scope| scope.word().to_owned()));
    let sessions = root.get("/sessions").await.text();
    data.extend(sessions.split(' ').filter(|word| word.contains("session-")).map(str::to_owned));
    data.extend(["MiVoice Business", "MiVoice Office 400", "MiContact Center", "MX-ONE"].map(str::to_owned));

    let (mut pages, mut left) = (0, Vec::new());
    for (method, path, sent, _) in TABLE.iter().filter(|row| row.1 != "/sign-out") {
        let path = [("application", &application), ("account", &account), ("user", &user)]
            .iter()
            .fold((*path).to_owned(), |path, (name, id)| path.replace(&format!("{{{name}}}"), id));
        let path =
            path.replace("{node}", "1").replace("{place}", "0").replace("{nothing}", "1-x").replace("{form}", "phones");
        root.get("/password").await;
        let mut headers = vec![wanted];
        let own = root.headers();
        let token = root.token.lock().expect("not poisoned").clone();
        let body = if *method == "GET" {
            None
        } else {
            headers.extend(own.iter().map(|(name, value)| (*name, value.as_str())));
            headers.push(("content-type", "application/x-www-form-urlencoded"));
            let fields = sent.split('&').filter_map(|field| field.split_once('='));
            let fields: Vec<_> = fields.chain([("token", token.as_str())]).collect();
            Some(crate::certs::people::encoded(&fields))
        };
        let page = root.send(method.parse().expect("a method"), &path, &headers, body).await;
        if !page.header("content-type").starts_with("text/html") {
            continue;
        }
        pages += 1;
        // The log is told as it was written: it is the same for everybody.
        // So are the rows of a form, which are a node's.
        let rows = path == "/data/1/phones";
        let page = if path == "/log" || rows { head_of(page) } else { page };
        // What a certificate says, and what columns are called; and accounts may be named as roles are.
        let as_it_is: &[&str] = match path.starts_with("/certificate") {
            true => &["dd"],
            false if rows => &["option"],
            false => &[],
        };
        let mut data = data.clone();
        if path == "/accounts" {
            data.extend(["reader", "operator", "administrator"].map(str::to_owned));
        }
        let found = untranslated(&page, as_it_is, &data);
        left.extend(found.into_iter().map(|text| format!("{method} {path}: {text}")));
        assert!(page.body.contains("<html lang=\"qps\">"), "{method} {path}: {}", page.body);
    }
    assert!(pages > 40, "{pages}");
    assert!(left.is_empty(), "{left:#?}");
    // What was done is told, and the record's own words around what it tells.
    root.get("/texts").await;
    let page = get_in(&root, "/record?node=1&number=1000", wanted.1).await;
    assert_eq!(untranslated(&head_of(page), &[], &data), Vec::<String>::new());
    let own = untranslated(&root.get("/applications").await, &[], &data);
    assert!(own.iter().any(|text| text == "Applications"), "it finds what is not translated: {own:?}");
}

/// A page without the rows of its tables.
fn head_of(page: Page) -> Page {
    let body = page.body.split_once("<tbody>").map(|(before, rest)| {
        let after = rest.split_once("</tbody>").map_or("", |(_, after)| after);
        format!("{before}{after}")
    });
    Page { body: body.unwrap_or(page.body), ..page }
}
