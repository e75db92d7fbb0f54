//! What may be done here, as rows: the one table that pages, the API, its document and the tokens of programs share.
//! Whoever is signed in may do what the role is enough for; a token only what it has the scope for besides.

use crate::storage::account::Role;

macro_rules! scopes {
    ($($scope:ident $word:literal $role:ident $does:literal;)*) => {
        /// Something that may be done: a resource and a verb.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Scope {
            $(#[doc = $does] $scope,)*
        }

        /// All of them, in the order in which they are shown.
        pub const SCOPES: &[Scope] = &[$(Scope::$scope,)*];

        impl Scope {
            /// As tokens and documents name it.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$scope => $word,)* }
            }

            /// The least role that may do it.
            #[must_use]
            pub fn role(self) -> Role {
                match self { $(Self::$scope => Role::$role,)* }
            }

            /// What it is, for people.
            #[must_use]
            pub fn does(self) -> &'static str {
                match self { $(Self::$scope => $does,)* }
            }
        }
    };
}

scopes! {
    StatusRead         "status:read"         Reader         "See nodes, sessions by kind, and this gateway";
    ApplicationsRead   "applications:read"   Reader         "See applications";
    ApplicationsWrite  "applications:write"  Administrator  "Add, revoke and remove applications, give local passwords";
    SessionsRead       "sessions:read"       Reader         "See sessions";
    SessionsEnd        "sessions:end"        Operator       "End sessions";
    NodesRead          "nodes:read"          Reader         "See nodes and how they are reached";
    NodesReconnect     "nodes:reconnect"     Operator       "Connect to nodes anew";
    NodesWrite         "nodes:write"         Administrator  "Add, change, test and remove nodes";
    DataRead           "data:read"           Reader         "See the copies of the nodes' forms, and their rows";
    DataCopy           "data:copy"           Operator       "Copy the forms of nodes anew, and compare them";
    DataImport         "data:import"         Administrator  "Take forms of nodes from files";
    UsersRead          "users:read"          Reader         "See users of the integrations";
    UsersWrite         "users:write"         Operator       "Add, change and remove users of the integrations";
    UsersImport        "users:import"        Administrator  "Add and change users by a file";
    UsersExport        "users:export"        Administrator  "Take all users as a file";
    RecordRead         "record:read"         Operator       "See the flight record: who called whom";
    SettingsRead       "settings:read"       Administrator  "See the settings that can be changed";
    SettingsWrite      "settings:write"      Administrator  "Change settings";
    CertificateRead    "certificate:read"    Administrator  "See the certificate of HTTPS";
    CertificateWrite   "certificate:write"   Administrator  "Ask for and install a certificate of HTTPS";
    BackupMake         "backup:make"         Administrator  "Take a sealed backup of the database";
    BackupRestore      "backup:restore"     Administrator  "Put a sealed backup in the place of all that the database has";
    SupportMake        "support:make"       Administrator  "Take a support bundle";
    AccountsRead       "accounts:read"       Administrator  "See accounts";
    AccountsWrite      "accounts:write"      Administrator  "Add and remove accounts, give roles and passwords";
    ListRead           "list:read"           Reader         "See the access control list";
    ListFetch          "list:fetch"          Operator       "Fetch the access control list";
    LicenceRead        "licence:read"        Reader         "See the licence";
    LicenceFetch       "licence:fetch"       Operator       "Fetch the licence";
    LicenceInstall     "licence:install"     Administrator  "Install a licence from a file";
    LogRead            "log:read"            Administrator  "See the audit log";
    TextsRead          "texts:read"          Reader         "See and export the texts of the pages, and their translations";
    TextsWrite         "texts:write"         Administrator  "Import and remove translations of the texts of the pages";
    TokensRead         "tokens:read"         Administrator  "See everybody's tokens";
    TokensRemove       "tokens:remove"       Administrator  "Remove everybody's tokens";
}

impl Scope {
    /// The one of this word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        SCOPES.iter().copied().find(|scope| scope.word() == word)
    }

    /// Those that a role is enough for.
    pub fn of_role(role: Role) -> impl Iterator<Item = Self> {
        SCOPES.iter().copied().filter(move |scope| scope.role() <= role)
    }
}

impl From<Scope> for Role {
    fn from(scope: Scope) -> Self {
        scope.role()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_words_of_a_resource_and_a_verb_and_each_role_has_those_of_the_one_below() {
        for scope in SCOPES {
            let (resource, verb) = scope.word().split_once(':').expect("a resource and a verb");
            let is_word = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase());
            assert!(is_word(resource) && is_word(verb), "{}", scope.word());
            assert_eq!(Scope::of(scope.word()), Some(*scope));
            assert!(scope.role() >= Role::Reader, "{}: members have nothing here", scope.word());
        }
        let count = |role| Scope::of_role(role).count();
        assert_eq!(count(Role::Member), 0);
        assert!(count(Role::Reader) < count(Role::Operator) && count(Role::Operator) < count(Role::Administrator));
        assert_eq!(count(Role::Administrator), SCOPES.len());
        assert_eq!(Scope::of("applications"), None);
    }
}
