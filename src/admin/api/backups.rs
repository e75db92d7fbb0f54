//! A backup of the database, and its restoration.

use actix_web::web::Bytes;
use secrecy::SecretString;
use utoipa::openapi::schema::AdditionalProperties;
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::call::Call;
use super::document::Described;
use super::endpoint::{Body, Download, Input, Json, Media};
use super::problem::Problem;
use crate::admin::LARGEST_RESTORE;
use crate::admin::work::backups::{self, NewBackup};
use crate::admin::work::restore::{self, Restored};
use crate::backup::PASSPHRASE;

/// What is sealed.
pub(super) struct Sealed;

impl Media for Sealed {
    const KIND: &'static str = "application/octet-stream";
    const NAME: &'static str = "oig.backup";
}

pub(super) async fn make(call: Call, Body(new): Body<NewBackup>) -> Result<Download<Sealed>, Problem> {
    Ok(Download::of(backups::make(&call.admin, new, call.by()?).await?))
}

/// A backup, and what opens it: a form of two parts.
// No `Debug`: the passphrase is in it.
pub(super) struct KeptBackup {
    file: Bytes,
    passphrase: SecretString,
}

impl Input for KeptBackup {
    fn read(call: &Call) -> Result<Self, Problem> {
        let (mut file, mut passphrase) = (None, None);
        for part in call.parts()? {
            let place = match part.name.as_str() {
                "file" => &mut file,
                "passphrase" => &mut passphrase,
                _ => return Err(Problem::Parts),
            };
            if place.replace(part.content).is_some() {
                return Err(Problem::Parts);
            }
        }
        let (file, passphrase) = file.zip(passphrase).ok_or(Problem::Parts)?;
        let passphrase = std::str::from_utf8(&passphrase).map_err(|_| Problem::Parts)?.into();
        Ok(Self { file, passphrase })
    }

    fn describe(to: &mut Described) {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let file = text().content_media_type(Sealed::KIND).description(Some("The backup, as it was taken."));
        let passphrase = text()
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
            .min_length(Some(*PASSPHRASE.start()))
            .max_length(Some(*PASSPHRASE.end()))
            .description(Some("What it was sealed with."));
        let form = ObjectBuilder::new()
            .property("passphrase", passphrase)
            .required("passphrase")
            .property("file", file)
            .required("file")
            .additional_properties(Some(AdditionalProperties::FreeForm(false)))
            .examples([serde_json::json!({
                "passphrase": "four words of your own",
                "file": "{\"oig_backup\":1, ...}",
            })]);
        to.form(form.build(), LARGEST_RESTORE);
    }
}

/// Whoever is signed in is signed out; tokens are those of the backup from now on, that of this call too.
pub(super) async fn restore(call: Call, kept: KeptBackup) -> Result<Json<Restored>, Problem> {
    let (site, by) = (&call.admin.site, call.by()?.clone());
    Ok(Json(restore::restore(site, call.running()?, kept.file, kept.passphrase, by).await?))
}
