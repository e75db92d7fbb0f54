//! `oig admin user`, `add-user`, `change-user`, `user-password`, `remove-user`: a user by the e-mail address.

use clap::Args;

use super::super::nodes::word;
use super::Users;
use crate::admin::work::users::{NewUser, UserKind, UserProfile};
use crate::commands::asked;

#[derive(Debug, Args)]
pub(in super::super) struct AddUser {
    /// The e-mail address, by which the user signs in.
    email: String,
    #[arg(long)]
    name: String,
    /// The integration: salesforce or google.
    #[arg(long, value_parser = word::<UserKind>)]
    kind: UserKind,
    /// The user's phone.
    #[arg(long)]
    phone: Option<String>,
    /// The phone's node, where it is known.
    #[arg(long, requires = "phone")]
    node: Option<u16>,
    /// Signs in no more.
    #[arg(long)]
    disabled: bool,
    /// Without a password; nobody signs in then.
    #[arg(long)]
    no_password: bool,
}

#[derive(Debug, Default, Args)]
pub(in super::super) struct ChangeUser {
    /// The e-mail address; it stays.
    email: String,
    #[arg(long)]
    name: Option<String>,
    /// The integration: salesforce or google. Sessions end.
    #[arg(long, value_parser = word::<UserKind>)]
    kind: Option<UserKind>,
    /// The user's phone.
    #[arg(long)]
    phone: Option<String>,
    /// Without a phone, and its node.
    #[arg(long, conflicts_with_all = ["phone", "node"])]
    no_phone: bool,
    /// The phone's node.
    #[arg(long)]
    node: Option<u16>,
    /// Wherever the phone is.
    #[arg(long, conflicts_with = "node")]
    no_node: bool,
    /// Signs in no more; sessions end.
    #[arg(long)]
    disable: bool,
    /// Signs in again.
    #[arg(long, conflicts_with = "disable")]
    enable: bool,
}

impl AddUser {
    pub(in super::super) fn run(self, desk: &impl Users) -> anyhow::Result<()> {
        let Self { email, name, kind, phone, node, disabled, no_password } = self;
        let profile = UserProfile { name, kind, dn: phone, node, disabled };
        let password = if no_password { None } else { Some(asked::password()?) };
        let added = desk.add_user(NewUser { email, profile, password })?;
        println!("{} is added, with the number {}", added.email, added.number);
        Ok(())
    }
}

impl ChangeUser {
    /// What is said is changed, the rest stays.
    fn applied(self, to: UserProfile) -> UserProfile {
        let dn = if self.no_phone { None } else { self.phone.or(to.dn) };
        let node = if self.no_phone || self.no_node { None } else { self.node.or(to.node) };
        UserProfile {
            name: self.name.unwrap_or(to.name),
            kind: self.kind.unwrap_or(to.kind),
            dn,
            node,
            disabled: (to.disabled || self.disable) && !self.enable,
        }
    }

    pub(in super::super) fn run(self, desk: &impl Users) -> anyhow::Result<()> {
        let read = desk.user(&self.email)?;
        let to = self.applied(read.profile.clone());
        desk.change_user(&read, to)?;
        println!("{} is changed; sessions that may not go on end within seconds", read.email);
        Ok(())
    }
}

pub(in super::super) fn give_password(desk: &impl Users, email: &str) -> anyhow::Result<()> {
    let read = desk.user(email)?;
    desk.give_user_password(&read, asked::password()?)?;
    println!("{} has another password; sessions end within seconds", read.email);
    Ok(())
}

pub(in super::super) fn remove(desk: &impl Users, email: &str) -> anyhow::Result<()> {
    let read = desk.user(email)?;
    desk.remove_user(&read)?;
    println!("{} is removed; sessions end within seconds", read.email);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_a_user_is_changed_and_the_rest_stays() {
        let user = |dn: Option<&str>, node, disabled| UserProfile {
            name: "Mary".into(),
            kind: UserKind::Google,
            dn: dn.map(str::to_owned),
            node,
            disabled,
        };
        let (usual, change) = (user(Some("1000"), Some(1), false), ChangeUser::default);
        for (before, said, after) in [
            (usual.clone(), change(), usual.clone()),
            (
                usual.clone(),
                ChangeUser { name: Some("Mary M".into()), kind: Some(UserKind::Salesforce), ..change() },
                UserProfile { name: "Mary M".into(), kind: UserKind::Salesforce, ..usual.clone() },
            ),
            (usual.clone(), ChangeUser { phone: Some("1001".into()), ..change() }, user(Some("1001"), Some(1), false)),
            (usual.clone(), ChangeUser { node: Some(2), ..change() }, user(Some("1000"), Some(2), false)),
            (usual.clone(), ChangeUser { no_node: true, ..change() }, user(Some("1000"), None, false)),
            (usual.clone(), ChangeUser { no_phone: true, ..change() }, user(None, None, false)),
            (usual, ChangeUser { disable: true, ..change() }, user(Some("1000"), Some(1), true)),
            (user(None, None, true), change(), user(None, None, true)),
            (user(None, None, true), ChangeUser { enable: true, ..change() }, user(None, None, false)),
        ] {
            let told = format!("{said:?}");
            assert_eq!(said.applied(before), after, "{told}");
        }
    }
}
