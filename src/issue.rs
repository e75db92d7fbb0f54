//! Makes a CA and the certificates that it issues, of the shape that the field has: for the certificate server, the lab
//! and tests. Who gets one is their affair.

use std::convert::Infallible;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256,
    PublicKeyData, SerialNumber, SubjectPublicKeyInfo,
};
use ring::rand::{SecureRandom, SystemRandom};
use rsa::PrivateKey;
use rsa::pkcs8::{EncodePrivateKey, LineEnding};
use rsa::rand_core::{TryCryptoRng, TryRng};
use secrecy::SecretString;

use crate::advanced::certificate::COMMON_NAME_TAIL;

const KEY_BITS: usize = 2048;
const DAY_S: i64 = 86_400;
/// Certificates of applications and their issuer are valid for 25 years.
const YEARS_25_S: i64 = 25 * 365 * DAY_S + 6 * DAY_S;

/// Why nothing could be issued.
#[derive(Debug, thiserror::Error)]
pub enum IssueFault {
    #[error("an RSA key cannot be made: {0}")]
    Key(#[from] rsa::Error),
    #[error("a key cannot be written: {0}")]
    Form(#[from] rsa::pkcs8::Error),
    #[error("a certificate cannot be made: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("a date is out of range")]
    Date,
    #[error("what was made cannot be read")]
    Unreadable,
}

/// A certificate and its key, both PEM; the key is PKCS#8.
pub struct Issued {
    pub certificate: String,
    pub key: String,
}

/// From when to when a certificate is valid, in seconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub struct Valid {
    pub from_s: i64,
    pub to_s: i64,
}

impl Valid {
    /// For 25 years from now; a day before, too, since clocks differ.
    #[must_use]
    pub fn for_25_years(now_s: i64) -> Self {
        Self { from_s: now_s - DAY_S, to_s: now_s + YEARS_25_S }
    }
}

/// An issuer with its key.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, and what has to be kept of it.
    ///
    /// # Errors
    /// Why there is none.
    pub fn create(valid: Valid) -> Result<(Self, Issued), IssueFault> {
        let names = [
            (DnType::CountryName, "CA"),
            (DnType::StateOrProvinceName, "ON"),
            (DnType::LocalityName, "Ottawa"),
            (DnType::OrganizationName, "Mitel"),
            (DnType::OrganizationalUnitName, "R&D"),
            (DnType::CommonName, "MCS"),
        ];
        let mut params = params(names, valid)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let (key, pem) = new_key()?;
        let certificate = params.self_signed(&key)?.pem();
        Ok((Self { issuer: Issuer::new(params, key) }, Issued { certificate, key: pem }))
    }

    /// One that was kept.
    ///
    /// # Errors
    /// When the texts are not a certificate and its key.
    pub fn from_pem(kept: &Issued) -> Result<Self, IssueFault> {
        let key = KeyPair::from_pem_and_sign_algo(&kept.key, &PKCS_RSA_SHA256)?;
        Ok(Self { issuer: Issuer::from_ca_cert_pem(&kept.certificate, key)? })
    }

    /// A certificate with a new key for an application.
    ///
    /// # Errors
    /// Why there is none.
    pub fn issue(&self, company: &str, application: &str, valid: Valid) -> Result<Issued, IssueFault> {
        let (key, pem) = new_key()?;
        Ok(Issued { certificate: self.certify(company, application, valid, &key)?, key: pem })
    }

    /// A certificate for a key that there is.
    ///
    /// # Errors
    /// Why there is none.
    pub fn reissue(&self, company: &str, application: &str, valid: Valid, key_pem: &str) -> Result<String, IssueFault> {
        let key = KeyPair::from_pem_and_sign_algo(key_pem, &PKCS_RSA_SHA256)?;
        self.certify(company, application, valid, &key)
    }

    /// A certificate for a public key (PEM), whose private key is with somebody else.
    ///
    /// # Errors
    /// Why there is none.
    pub fn issue_for(&self, company: &str, application: &str, valid: Valid, key: &str) -> Result<String, IssueFault> {
        self.certify(company, application, valid, &SubjectPublicKeyInfo::from_pem(key)?)
    }

    /// A certificate with a new ECDSA key for a server of these names and addresses.
    ///
    /// # Errors
    /// Why there is none.
    pub fn issue_server(&self, names: &[String], valid: Valid) -> Result<Issued, IssueFault> {
        let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)?;
        let common_name = names.first().map_or("", String::as_str);
        let mut params = params([(DnType::CommonName, common_name)], valid)?;
        params.subject_alt_names = CertificateParams::new(names)?.subject_alt_names;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        Ok(Issued { certificate: params.signed_by(&key, &self.issuer)?.pem(), key: key.serialize_pem() })
    }

    /// A certificate for what a request (CSR, PEM) asks for: for tests, and for who has no other authority.
    ///
    /// # Errors
    /// When it is no request that its own key has signed.
    pub fn sign_request(&self, request: &str, valid: Valid) -> Result<String, IssueFault> {
        let mut request = CertificateSigningRequestParams::from_pem(request)?;
        (request.params.not_before, request.params.not_after) = (date(valid.from_s)?, date(valid.to_s)?);
        Ok(request.signed_by(&self.issuer)?.pem())
    }

    fn certify(
        &self,
        company: &str,
        application: &str,
        valid: Valid,
        key: &impl PublicKeyData,
    ) -> Result<String, IssueFault> {
        let common_name = format!("{application}{COMMON_NAME_TAIL}");
        let names = [
            (DnType::OrganizationName, company),
            (DnType::OrganizationalUnitName, "R&D"),
            (DnType::CommonName, &common_name),
        ];
        let mut params = params(names, valid)?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        Ok(params.signed_by(key, &self.issuer)?.pem())
    }
}

fn params<const N: usize>(names: [(DnType, &str); N], valid: Valid) -> Result<CertificateParams, IssueFault> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in names {
        params.distinguished_name.push(kind, value);
    }
    (params.not_before, params.not_after) = (date(valid.from_s)?, date(valid.to_s)?);
    let mut serial = [0; 16];
    SystemRng::default().fill(&mut serial);
    serial[0] &= 0x7f;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

fn date(seconds: i64) -> Result<time::OffsetDateTime, IssueFault> {
    time::OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| IssueFault::Date)
}

/// A new RSA key of 2048 bits: the private and the public part, PEM. Takes up to some seconds.
///
/// # Errors
/// Why there is none.
pub fn new_key_pair() -> Result<(SecretString, String), IssueFault> {
    let (key, pem) = new_key()?;
    Ok((pem.into(), key.public_key_pem()))
}

/// The public half of an application's key, both PEM.
///
/// # Errors
/// When it is no RSA key.
pub fn public_key_of(key: &str) -> Result<String, IssueFault> {
    Ok(KeyPair::from_pem_and_sign_algo(key, &PKCS_RSA_SHA256)?.public_key_pem())
}

fn new_key() -> Result<(KeyPair, String), IssueFault> {
    let key = PrivateKey::new(&mut SystemRng::default(), KEY_BITS)?;
    let pem = key.to_pkcs8_pem(LineEnding::LF)?.to_string();
    Ok((KeyPair::from_pem_and_sign_algo(&pem, &PKCS_RSA_SHA256)?, pem))
}

/// The system's random numbers as the RSA crate wants them.
struct SystemRng(SystemRandom);

impl Default for SystemRng {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl SystemRng {
    fn fill(&self, bytes: &mut [u8]) {
        // The kernel's source does not fail once it is seeded.
        self.0.fill(bytes).expect("the system's source of random numbers works");
    }
}

impl TryRng for SystemRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.fill(bytes);
        Ok(())
    }
}

impl TryCryptoRng for SystemRng {}
