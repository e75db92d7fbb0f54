//! Types of data access: tables ("DEI"), rows ("tuples"), searches, notifications.
//!
//! Rows only, as in `cc`.

use super::macros::{enumeration, record};

enumeration! {
    /// Where a table lives.
    DeiLevel = Da "deiLevel" {
        Common = "DEI_LEVEL_COMMON", Esmapp = "DEI_LEVEL_ESMAPP", Gdm = "DEI_LEVEL_GDM", Masapp = "DEI_LEVEL_MASAPP",
        Sdscc = "DEI_LEVEL_SDSCC", Invalid = "UDM_INVALID_LEVEL",
    }

    FieldType = Da "fieldType" {
        Boolean = "BOOLEAN_FIELD_TYPE", Enum = "ENUM_FIELD_TYPE", Integer = "INTEGER_FIELD_TYPE",
        String = "STRING_FIELD_TYPE",
    }

    /// What happened to a row; the wire misspells the third value.
    NotificationOperation = Da "notificationOperation" {
        Insert = "OP_INSERT", Update = "OP_UPDATE", Delete = "OP_DELTE",
    }

    SearchOperator = Da "searchOperator" {
        Contains = "SO_CONTAINS", EqualTo = "SO_EQUAL_TO", Greater = "SO_GREATER", GreaterEqual = "SO_GREATER_EQUAL",
        Less = "SO_LESS", LessEqual = "SO_LESS_EQUAL", NotEqualTo = "SO_NOT_EQUAL_TO", StartsWith = "SO_STARTS_WITH",
    }
}

record! {
    /// A table and its fields.
    DeiDescriptor = Da "deiDescriptor" {
        elem field: "field" FieldDescriptor *;
        elem view_id: "viewId" ViewId ?;
        elem db_table_name: "dbTableName" String ?;
        elem dei_level: "deiLevel" DeiLevel ?;
        elem key_field: "keyField" i32 *;
        elem introduced_in_version: "introducedInVersion" String ?;
        attr dei_id: "deiId" i32 1;
        attr number_of_fields: "numberOfFields" i32 1;
        attr dn_field_id: "dnFieldId" i32 1;
        attr dei_version: "deiVersion" i32 1;
        attr allow_deletes: "allowDeletes" bool 1;
    }

    /// Every table; the wire misspells the list's name.
    DeiMetaData = Da "deiMetaData" {
        elem dei_desctiptor: "deiDesctiptor" DeiDescriptor *;
    }

    DeleteTupleRequest = Da "deleteTupleRequest" {
        elem tuple: "tuple" Tuple ?;
        attr session_id: "sessionId" i64 1;
        attr dei_id: "deiId" i32 1;
        attr distribution_only: "distributionOnly" bool 1;
    }

    FieldDescriptor = Da "fieldDescriptor" {
        elem field_name: "fieldName" String ?;
        elem field_validation_type: "fieldValidationType" String ?;
        elem field_type: "fieldType" FieldType ?;
        attr field_id: "fieldId" i32 1;
        attr field_is_deprecated: "fieldIsDeprecated" bool 1;
        attr field_is_key: "fieldIsKey" bool 1;
        attr field_is_non_writable_key_for_change: "fieldIsNonWritableKeyForChange" bool 1;
        attr field_is_mandatory: "fieldIsMandatory" bool 1;
        attr field_size: "fieldSize" i32 1;
        attr max_value: "maxValue" i64 1;
        attr min_value: "minValue" i32 1;
    }

    GetDeiMetaDataResult = Da "getDeiMetaDataResult" {
        elem error_description: "errorDescription" String ?;
        elem dei_metadata: "deiMetadata" DeiMetaData ?;
        attr result: "result" bool 1;
    }

    GetNotificationResult = Da "getNotificationResult" {
        elem error_description: "errorDescription" String ?;
        elem original_tuple: "originalTuple" Tuple ?;
        elem updated_tuple: "updatedTuple" Tuple ?;
        elem operation_performed: "operationPerformed" NotificationOperation ?;
        attr result: "result" bool 1;
        attr dei_id: "deiId" i32 1;
    }

    InsertTupleRequest = Da "insertTupleRequest" {
        elem new_tuple: "newTuple" Tuple ?;
        attr session_id: "sessionId" i64 1;
        attr dei_id: "deiId" i32 1;
        attr distribution_only: "distributionOnly" bool 1;
    }

    NotificationRequest = Da "notificationRequest" {
        elem dei_id: "deiId" i32 *;
        attr session_id: "sessionId" i64 1;
        attr number_of_deis: "numberOfDeis" i32 1;
    }

    /// Done, or not and why.
    Outcome = Da "result" {
        elem error_description: "errorDescription" String ?;
        attr result: "result" bool 1;
        attr error_code: "errorCode" i32 1;
    }

    SearchCondition = Da "searchCondition" {
        elem search_predicate: "searchPredicate" SearchPredicate *;
    }

    SearchFirstNTuplesRequest = Da "searchFirstNTuplesRequest" {
        elem search_condition: "searchCondition" SearchCondition ?;
        attr session_id: "sessionId" i64 1;
        attr dei_id: "deiId" i32 1;
        attr n: "n" i32 1;
    }

    SearchNextNTuplesRequest = Da "searchNextNTuplesRequest" {
        elem search_condition: "searchCondition" SearchCondition ?;
        elem current_tuple: "currentTuple" Tuple ?;
        attr session_id: "sessionId" i64 1;
        attr dei_id: "deiId" i32 1;
        attr n: "n" i32 1;
    }

    SearchPredicate = Da "searchPredicate" {
        elem value: "value" String ?;
        elem search_operator: "searchOperator" SearchOperator ?;
        attr field_id: "fieldId" i32 1;
        attr case_insensitive: "caseInsensitive" bool 1;
    }

    SearchResult = Da "searchResult" {
        elem error_description: "errorDescription" String ?;
        elem tuples: "tuples" Tuples ?;
        attr result: "result" bool 1;
    }

    /// A row; fields in the order of the table's descriptor.
    Tuple = Da "tuple" {
        elem field: "field" String *;
        attr number_of_fields: "numberOfFields" i32 1;
        attr view_id: "viewId" i32 1;
        attr is_shared: "isShared" bool 1;
    }

    Tuples = Da "tuples" {
        elem tuple: "tuple" Tuple *;
        attr number_of_tuples: "numberOfTuples" i32 1;
    }

    UpdateTupleRequest = Da "updateTupleRequest" {
        elem old_tuple: "oldTuple" Tuple ?;
        elem new_tuple: "newTuple" Tuple ?;
        attr session_id: "sessionId" i64 1;
        attr dei_id: "deiId" i32 1;
        attr distribution_only: "distributionOnly" bool 1;
    }

    UpdateTupleResult = Da "updateTupleResult" {
        elem error_description: "errorDescription" String ?;
        elem ret_tuple: "retTuple" Tuple ?;
        attr result: "result" bool 1;
    }

    ViewId = Da "viewId" {
        elem view_name: "viewName" String ?;
        attr db_id: "dbId" i32 1;
        attr view_id: "viewId" i32 1;
    }
}
