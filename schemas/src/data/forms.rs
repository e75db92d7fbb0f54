//! The forms that applications use, with their columns. Names of tables and columns, and numbers of forms, are a contract:
//! they are added to and never changed. A PIN is in no form: it only ever travels towards a node.

use super::form::{Column, Form, dn, flag, integer, text, word};

/// The number of a network element.
const fn element(name: &'static str, description: &'static str) -> Column {
    integer(name, 1, 999, description)
}

const fn cos(name: &'static str) -> Column {
    integer(name, 1, 255, "Class of service, by its number.")
}

const fn name() -> Column {
    text("name", 256, "As the directory shows it, last name first: Last, First.")
}

const RINGING: &[&str] = &["ring_all", "terminal", "circular", "terminal_cascade", "circular_cascade"];
const MEMBER: Column = integer("position", 1, 48, "Its place in the group, from 1.");
const PRESENT: Column = flag("present", "Whether it takes part now.");

/// All of them, in the order of their numbers.
pub const FORMS: &[Form] = &[
    Form {
        name: "phones",
        title: "User and Services",
        dei_id: 1,
        columns: &[
            dn("number", "Directory number of the prime line.").key(),
            name(),
            integer("device_id", 1, 65_535, "Number of the set at its node.").required(),
            word("device_type", &["single_line", "multiline", "softphone"], "What kind of set it is."),
            cos("cos").required(),
            element("home_element", "Node that it belongs to.").required(),
            element("secondary_element", "Node where it comes up when its own is down; none when it is not resilient."),
            flag("hot_desk", "Whether hot desk users may log in on it."),
            text("department", 40, "Where whoever has it works."),
            text("location", 40, "Where it stands."),
        ],
        standard: true,
        grows: true,
    },
    Form {
        name: "line_appearances",
        title: "Multiline Set Keys",
        dei_id: 2,
        columns: &[
            dn("phone", "Directory number of the set's prime line.").key(),
            integer("button", 1, 96, "Button of the set; 1 is the prime line.").key(),
            word("line_type", &["prime", "multicall", "key_system", "speed_call"], "What the button is."),
            dn("number", "Directory number that appears there.").required(),
            word("ring", &["ring", "no_ring", "delay_ring"], "Whether it rings there."),
            text("label", 40, "As the set shows it."),
        ],
        standard: true,
        grows: true,
    },
    Form {
        name: "classes_of_service",
        title: "Class of Service Options",
        dei_id: 3,
        columns: &[
            cos("number").key(),
            text("comment", 40, "What it is for."),
            flag("call_control_allowed", "HCI/CTI/TAPI Call Control Allowed."),
            flag("monitor_allowed", "HCI/CTI/TAPI Monitor Allowed."),
            flag("camp_on_allowed", "May wait at a busy phone."),
            flag("callback_allowed", "May ask to be called back."),
            flag("group_presence_control", "Its presence in groups may be set."),
            flag("account_code_verified", "Only account codes of the node's list are taken."),
            flag("account_code_forced", "A call that goes outside needs an account code."),
            flag("external_calls_allowed", "Calls may go outside from it."),
            flag("hot_desk_login_accept", "A set of it accepts hot desk users."),
            integer("no_answer_timer_s", 1, 125, "How long it rings before a call goes on, in seconds."),
        ],
        standard: false,
        grows: false,
    },
    Form {
        name: "personal_ring_groups",
        title: "Personal Ring Groups",
        dei_id: 4,
        columns: &[
            dn("number", "Directory number of the group, which is that of its prime member.").key(),
            name(),
            flag("one_busy_all_busy", "Whether the group is busy when one of its members is."),
        ],
        standard: true,
        grows: true,
    },
    Form {
        name: "personal_ring_group_members",
        title: "Personal Ring Groups, Members",
        dei_id: 5,
        columns: &[
            dn("group_number", "Directory number of the group.").key(),
            integer("position", 1, 8, "Its place in the group; 1 is the prime member.").key(),
            dn("number", "Directory number of the member.").required(),
            PRESENT,
        ],
        standard: true,
        grows: true,
    },
    Form {
        name: "ring_groups",
        title: "Ring Groups",
        dei_id: 6,
        columns: &[
            dn("number", "Directory number of the group.").key(),
            name(),
            word("ringing", RINGING, "In which order its members ring."),
            cos("cos").required(),
            dn("overflow", "Where a call goes that nobody answers."),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "ring_group_members",
        title: "Ring Groups, Members",
        dei_id: 7,
        columns: &[
            dn("group_number", "Directory number of the group.").key(),
            MEMBER.key(),
            dn("number", "Directory number of the member.").required(),
            PRESENT,
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "hunt_groups",
        title: "Hunt Groups",
        dei_id: 8,
        columns: &[
            dn("number", "Directory number of the group.").key(),
            name(),
            word("hunting", &["circular", "terminal"], "Where the search for a free member begins."),
            cos("cos").required(),
            dn("overflow", "Where a call goes that finds no member."),
            integer("recorded_announcement", 1, 999, "Recorded announcement (RAD) for who waits, by its number."),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "hunt_group_members",
        title: "Hunt Groups, Members",
        dei_id: 9,
        columns: &[
            dn("group_number", "Directory number of the group.").key(),
            MEMBER.key(),
            dn("number", "Directory number of the member.").required(),
            PRESENT,
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "acd_agents",
        title: "ACD Agent IDs",
        dei_id: 10,
        columns: &[
            text("agent_id", 7, "What the agent logs in with, digits.").key(),
            dn("number", "Directory number of the agent.").required(),
            name(),
            word("agent_type", &["traditional", "hot_desk", "express", "external"], "How the agent reaches a set."),
            integer("work_timer_s", 0, 600, "Time after a call in which no other comes, in seconds.").required(),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "acd_agent_groups",
        title: "ACD Agent Groups",
        dei_id: 11,
        columns: &[
            dn("number", "Directory number of the group.").key(),
            name(),
            integer("first_status_threshold", 0, 100, "Calls that wait, at which the group's lamp flashes.").required(),
            word("no_answer", &["log_out", "absent", "make_busy"], "What becomes of an agent who does not answer."),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "acd_group_members",
        title: "ACD Agent Groups, Members",
        dei_id: 12,
        columns: &[
            dn("group_number", "Directory number of the group.").key(),
            text("agent_id", 7, "Id of the agent.").key(),
            integer("skill", 1, 255, "Skill in this group; 1 is the best.").required(),
            PRESENT,
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "acd_paths",
        title: "ACD Paths",
        dei_id: 13,
        columns: &[
            dn("number", "Directory number of the path.").key(),
            name(),
            integer("priority", 1, 64, "Of two paths that wait for one agent the lower number goes first.").required(),
            dn("primary_group", "Agent group that calls are for.").required(),
            dn("overflow_group_1", "First group that calls overflow to."),
            dn("overflow_group_2", "Second group that calls overflow to."),
            dn("overflow_group_3", "Third group that calls overflow to."),
            dn("overflow_group_4", "Fourth group that calls overflow to."),
            integer("overflow_timer_s", 0, 54_000, "Time until a call overflows, in seconds."),
            dn("interflow", "Where a call goes that waited too long."),
            dn("unavailable", "Where calls go while no agent is there."),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "trunks",
        title: "Trunks",
        dei_id: 14,
        columns: &[
            integer("number", 1, 9_999, "Number of the trunk.").key(),
            word("trunk_type", &["digital", "analogue", "sip_peer"], "How it leads outside."),
            text("peer_name", 40, "Name of the SIP peer, where it is one."),
            cos("cos").required(),
            dn("answer_point", "Where calls go that come in without a number of their own."),
            flag("in_service", "Whether it may be used."),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "network_elements",
        title: "Network Elements",
        dei_id: 15,
        columns: &[
            text("name", 40, "As the cluster calls it.").key(),
            word("element_type", &["node", "gateway", "contact_centre"], "What it is."),
            element("ceid", "Its number in the cluster, where it has one."),
            text("address", 45, "Its IP address.").required(),
            integer("zone", 1, 999, "Its zone.").required(),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "telephone_directory",
        title: "Telephone Directory",
        dei_id: 16,
        columns: &[
            text("name", 256, "Last, First.").key(),
            dn("number", "Directory number.").key(),
            text("department", 40, "Department."),
            text("location", 40, "Location."),
            flag("privacy", "Whether the number is not to be shown."),
        ],
        standard: false,
        grows: true,
    },
    Form {
        name: "hot_desk_users",
        title: "User and Services, Hot Desk Users",
        dei_id: 17,
        columns: &[
            dn("number", "Directory number of the user.").key(),
            name(),
            cos("cos").required(),
            element("home_element", "Node that the user belongs to.").required(),
            flag("external", "Whether the user is reached at an outside number."),
        ],
        standard: false,
        grows: true,
    },
];
