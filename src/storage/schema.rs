//! The tables as queries see them: what `migrations/` makes, column by column. No logic.

diesel::table! {
    application (id) {
        id -> Text,
        company -> Text,
        name -> Text,
        application_password -> Text,
        local_password -> Text,
        next_local_password -> Nullable<Text>,
        overlap_until_ms -> Nullable<BigInt>,
        service -> Text,
        revoked -> Bool,
        monitors -> Nullable<BigInt>,
        commands_per_second -> Nullable<BigInt>,
        log_mib -> Nullable<BigInt>,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    node (ceid) {
        ceid -> BigInt,
        name -> Text,
        address -> Text,
        port -> BigInt,
        association -> Text,
        edition -> Text,
        secondary -> Nullable<BigInt>,
        application_specific_info -> Nullable<Text>,
        tls_ca -> Nullable<Text>,
        tls_server_name -> Nullable<Text>,
        tls_client_certificate -> Nullable<Text>,
        tls_client_key -> Nullable<Text>,
        kind -> Nullable<Text>,
        dial_plan -> Nullable<Text>,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
        sync_port -> Nullable<BigInt>,
    }
}

diesel::table! {
    setting (key) {
        key -> Text,
        value -> Text,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    audit (id) {
        id -> Text,
        at_ms -> BigInt,
        who -> Text,
        origin -> Text,
        action -> Text,
        object -> Text,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    account (id) {
        id -> Text,
        name -> Text,
        email -> Nullable<Text>,
        password -> Text,
        role -> Text,
        failures -> BigInt,
        locked_until_ms -> BigInt,
        created_at_ms -> BigInt,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    api_token (id) {
        id -> Text,
        account -> Text,
        name -> Text,
        hash -> Text,
        scopes -> Text,
        expires_at_ms -> Nullable<BigInt>,
        last_used_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
        created_by -> Text,
    }
}

diesel::table! {
    ui_language (language) {
        language -> Text,
        texts -> Text,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    licence_grant (gateway) {
        gateway -> Text,
        site -> Text,
        kind -> Text,
        integrations_only -> Bool,
        standard -> BigInt,
        advanced -> BigInt,
        data_access -> BigInt,
        salesforce -> BigInt,
        google -> BigInt,
        valid_until_ms -> Nullable<BigInt>,
        revoked -> Bool,
        created_at_ms -> BigInt,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    certs_member (account) {
        account -> Text,
        msa_number -> Nullable<Text>,
        must_change -> Bool,
    }
}

diesel::table! {
    certs_request (id) {
        id -> Text,
        account -> Text,
        account_name -> Text,
        kind -> Text,
        company -> Text,
        application -> Text,
        names -> Text,
        contact -> Text,
        password -> Nullable<Text>,
        public_key -> Nullable<Text>,
        state -> Text,
        reason -> Nullable<Text>,
        decided_by -> Nullable<Text>,
        decided_at_ms -> Nullable<BigInt>,
        created_at_ms -> BigInt,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    certs_entry (id) {
        id -> Text,
        account -> Text,
        account_name -> Text,
        company -> Text,
        application -> Text,
        names -> Text,
        contact -> Text,
        password -> Text,
        advanced -> Bool,
        revoked -> Bool,
        reason -> Nullable<Text>,
        created_at_ms -> BigInt,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    certs_certificate (id) {
        id -> Text,
        entry -> Text,
        request -> Text,
        pem -> Text,
        serial -> Text,
        expires_at_ms -> BigInt,
        created_at_ms -> BigInt,
    }
}

diesel::table! {
    certs_acl (id) {
        id -> BigInt,
        version -> BigInt,
    }
}

diesel::table! {
    certs_mail (id) {
        id -> Text,
        recipient -> Text,
        subject -> Text,
        body -> Text,
        attachment_name -> Nullable<Text>,
        attachment -> Nullable<Text>,
        state -> Text,
        attempts -> BigInt,
        next_at_ms -> BigInt,
        fault -> Nullable<Text>,
        created_at_ms -> BigInt,
        ended_at_ms -> Nullable<BigInt>,
    }
}

diesel::table! {
    integration_user (id) {
        id -> Text,
        number -> BigInt,
        email -> Text,
        name -> Text,
        dn -> Nullable<Text>,
        ceid -> Nullable<BigInt>,
        kind -> Text,
        password -> Nullable<Text>,
        disabled -> Bool,
        generation -> BigInt,
        words -> Text,
        failures -> BigInt,
        locked_until_ms -> BigInt,
        created_at_ms -> BigInt,
        version -> BigInt,
        changed_at_ms -> BigInt,
        changed_by -> Text,
    }
}

diesel::table! {
    integration_token (hash) {
        hash -> Text,
        user_id -> Text,
        application -> Text,
        created_at_ms -> BigInt,
        expires_at_ms -> BigInt,
    }
}
