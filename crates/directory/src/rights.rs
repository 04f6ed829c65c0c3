//! Who may do what: one table. Each route of the admin API names the right that it needs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a user or an API key is in an organization.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// A person who answers for the organization. Only owners make owners.
    Owner,
    Admin,
    /// Bots, webhooks and keys.
    Developer,
    /// How a bot looks, and nothing else.
    Marketer,
    Supervisor,
    /// A human agent of the desk.
    Agent,
    Viewer,
}

/// One kind of deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    /// See the organization and one's own place in it.
    SeeOrganization,
    ChangeOrganization,
    SeePeople,
    ManagePeople,
    /// See bots, routes, connectors and the desk's settings; never a secret.
    SeeSettings,
    ChangeBots,
    ChangeBranding,
    ChangeRoutes,
    ChangeConnectors,
    ManageDesk,
    /// The keys of the contract: push keys, webhook tokens, history keys, signing secrets.
    ManageKeys,
    ManageApiKeys,
    ReadAudit,
    ReadAttempts,
    ReplayAttempts,
    ReadConversations,
    /// Take a conversation over, and hand it back.
    JoinConversations,
    ExportConversations,
    EraseVisitors,
    ReadNumbers,
}

/// How far a right goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    Nothing,
    /// What is the caller's own, such as chats that a human agent has or had.
    Own,
    Everything,
}

impl Role {
    pub const ALL: [Self; 7] = [
        Self::Owner,
        Self::Admin,
        Self::Developer,
        Self::Marketer,
        Self::Supervisor,
        Self::Agent,
        Self::Viewer,
    ];

    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::Marketer => "marketer",
            Self::Supervisor => "supervisor",
            Self::Agent => "agent",
            Self::Viewer => "viewer",
        }
    }

    /// Whether this role may give another one, or take it away.
    #[must_use]
    pub fn may_give(self, other: Self) -> bool {
        self.may(Right::ManagePeople) && (other != Self::Owner || self == Self::Owner)
    }

    #[must_use]
    pub fn may(self, right: Right) -> bool {
        self.reach(right) != Reach::Nothing
    }

    /// The table.
    #[must_use]
    pub fn reach(self, right: Right) -> Reach {
        use Role::{Admin, Agent, Developer, Marketer, Owner, Supervisor, Viewer};
        let everything: &[Self] = match right {
            Right::SeeOrganization => &Self::ALL,
            Right::ChangeOrganization
            | Right::ManagePeople
            | Right::ManageApiKeys
            | Right::ReadAudit
            | Right::EraseVisitors => &[Owner, Admin],
            Right::SeePeople => &[Owner, Admin, Developer, Supervisor],
            Right::SeeSettings => &[Owner, Admin, Developer, Marketer, Supervisor, Viewer],
            Right::ChangeBots
            | Right::ChangeRoutes
            | Right::ChangeConnectors
            | Right::ManageKeys
            | Right::ReadAttempts
            | Right::ReplayAttempts => &[Owner, Admin, Developer],
            Right::ChangeBranding => &[Owner, Admin, Developer, Marketer],
            Right::ManageDesk | Right::ExportConversations | Right::JoinConversations => {
                &[Owner, Admin, Supervisor]
            }
            Right::ReadConversations => &[Owner, Admin, Supervisor, Viewer],
            Right::ReadNumbers => &[Owner, Admin, Developer, Supervisor, Viewer],
        };
        if everything.contains(&self) {
            return Reach::Everything;
        }
        let is_own = matches!(right, Right::ReadConversations | Right::JoinConversations);
        if self == Agent && is_own { Reach::Own } else { Reach::Nothing }
    }
}

impl Right {
    /// As it is written in JSON.
    #[must_use]
    pub fn name(self) -> String {
        let name = serde_json::to_value(self).unwrap_or_default();
        name.as_str().unwrap_or_default().to_owned()
    }

    pub const ALL: [Self; 20] = [
        Self::SeeOrganization,
        Self::ChangeOrganization,
        Self::SeePeople,
        Self::ManagePeople,
        Self::SeeSettings,
        Self::ChangeBots,
        Self::ChangeBranding,
        Self::ChangeRoutes,
        Self::ChangeConnectors,
        Self::ManageDesk,
        Self::ManageKeys,
        Self::ManageApiKeys,
        Self::ReadAudit,
        Self::ReadAttempts,
        Self::ReplayAttempts,
        Self::ReadConversations,
        Self::JoinConversations,
        Self::ExportConversations,
        Self::EraseVisitors,
        Self::ReadNumbers,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_owner_makes_an_owner() {
        for role in Role::ALL {
            assert_eq!(role.may_give(Role::Owner), role == Role::Owner, "{role:?}");
        }
        assert!(Role::Admin.may_give(Role::Admin));
        assert!(!Role::Supervisor.may_give(Role::Viewer));
    }

    #[test]
    fn an_owner_may_do_everything_and_each_role_sees_its_organization() {
        for right in Right::ALL {
            assert_eq!(Role::Owner.reach(right), Reach::Everything, "{right:?}");
        }
        for role in Role::ALL {
            assert!(role.may(Right::SeeOrganization), "{role:?}");
        }
    }

    #[test]
    fn a_human_agent_reads_its_own_conversations_only_and_a_marketer_none() {
        assert_eq!(Role::Agent.reach(Right::ReadConversations), Reach::Own);
        assert_eq!(Role::Agent.reach(Right::ExportConversations), Reach::Nothing);
        assert_eq!(Role::Marketer.reach(Right::ReadConversations), Reach::Nothing);
        let marketer = Right::ALL.into_iter().filter(|right| Role::Marketer.may(*right));
        let expected = [Right::SeeOrganization, Right::SeeSettings, Right::ChangeBranding];
        assert_eq!(marketer.collect::<Vec<_>>(), expected);
    }
}
