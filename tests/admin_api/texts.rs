//! What the pages say in other languages, by programs.

use reqwest::Method;
use serde_json::json;

use super::programs::{Program, token};
use crate::admin::Site;

#[tokio::test]
async fn a_program_imports_a_language_and_the_pages_have_it_when_it_is_answered() {
    let site = Site::start(&[]).await;
    let root = Program::new(&site, &token(&site, "administrator", "root", "all"));
    let (path, import) = ("/texts/de", "/texts/de/import");
    let of = |texts: &[(&str, &str)]| {
        let texts = texts.iter().map(|(text, translation)| json!({ "text": text, "translation": translation }));
        json!({ "texts": texts.collect::<Vec<_>>() })
    };
    let none = root.get(path).await;
    assert_eq!((none.is(200)["version"].as_i64(), none.header("etag")), (Some(0), "\"0\""));
    let known = none.json()["texts"].as_array().expect("texts").len();
    assert!(known > 400, "{known}");
    let new = of(&[("Sign in", "Anmelden & <b>mehr</b>"), ("No such text", "Kein"), ("Name", "Name")]);
    root.change(Method::POST, import, "\"1\"", Some(&new)).await.refused(412, "changed");
    let mut dry = new.clone();
    dry["dry_run"] = true.into();
    let would = root.change(Method::POST, import, "\"0\"", Some(&dry)).await.is(200);
    let rows = json!([{ "row": 2, "fault": null }]);
    assert_eq!((&would["done"], &would["counts"]["added"], &would["rows"]), (&json!(false), &json!(2), &rows));
    assert_eq!(root.get("/texts").await.is(200)["items"], json!([]));
    let bad = of(&[("Sign in", "{0}"), ("Sign in", "Anmelden")]);
    let refused = root.change(Method::POST, import, "\"0\"", Some(&bad)).await;
    refused.refused(422, "refused");
    assert!(refused.body.contains("Row 1: The translation has other values than the text."), "{}", refused.body);
    assert_eq!(root.change(Method::POST, import, "\"0\"", Some(&new)).await.is(200)["done"], true);

    let somebody = crate::certs::people::Person::at(&site.url, "/admin", &site.files.ca);
    let page = somebody.send(Method::GET, "/sign-in", &[("accept-language", "de-AT, en;q=0.5")], None).await;
    page.is(200, "Anmelden & <b>mehr</b>");
    assert!(page.body.contains("<html lang=\"de\">") && !page.body.contains("<b>"), "{}", page.body);
    let listed = root.get("/texts").await.is(200);
    let one = &listed["items"][0];
    assert_eq!((&one["language"], &one["translated"], &one["texts"]), (&json!("de"), &json!(2), &json!(known)));

    // A file with a sentence for each text is larger than a form, and is taken of who has a token.
    let mut all = root.get(path).await.is(200);
    for text in all["texts"].as_array_mut().expect("texts") {
        let said = text["text"].as_str().expect("a text");
        text["translation"] = format!("{said} {}", "ß".repeat(60)).into();
    }
    let body = json!({ "texts": all["texts"] });
    assert!(body.to_string().len() > 64 * 1024);
    let tag = format!("\"{}\"", all["version"]);
    Program::new(&site, "").change(Method::POST, import, &tag, Some(&body)).await.refused(401, "no-token");
    assert_eq!(root.change(Method::POST, import, &tag, Some(&body)).await.is(200)["counts"]["changed"], 2);
    root.change(Method::POST, import, &tag, Some(&body)).await.refused(412, "changed");
    root.change(Method::DELETE, path, &tag, None).await.refused(412, "changed");
    root.change(Method::DELETE, path, "*", None).await.is(204);
    somebody.send(Method::GET, "/sign-in", &[("accept-language", "de")], None).await.is(200, "Sign in");
    root.change(Method::DELETE, path, "*", None).await.refused(404, "not-found");
    for name in ["german", "de_AT", "d", "%3Cb%3E"] {
        root.get(&format!("/texts/{name}")).await.refused(404, "not-found");
    }
}
