//! Operations of DataAccessService: read, search, change and watch synchronised tables.
//!
//! Rows only (see `operation`).

use super::da::{
    DeleteTupleRequest, GetDeiMetaDataResult, GetNotificationResult, InsertTupleRequest, NotificationRequest, Outcome,
    SearchFirstNTuplesRequest, SearchNextNTuplesRequest, SearchResult, Tuple, UpdateTupleRequest, UpdateTupleResult,
};
use super::operation::operations;

operations! {DataAccessService;
    GetDeiMetaData = "getDeiMetaData" Standard Data {
        elem session_id: "sessionId" i64 1
    } -> GetDeiMetaDataResult 1

    GetAllTuples = "getAllTuples" Standard Data {
        elem session_id: "sessionId" i64 1; elem dei_id: "deiId" i32 1
    } -> SearchResult 1

    GetFirstTuple = "getFirstTuple" Standard Data {
        elem session_id: "sessionId" i64 1; elem dei_id: "deiId" i32 1
    } -> SearchResult 1

    /// The row after `currentTuple`, in key order.
    GetNextTuple = "getNextTuple" Standard Data {
        elem session_id: "sessionId" i64 1; elem dei_id: "deiId" i32 1; elem current_tuple: "currentTuple" Tuple 1
    } -> SearchResult 1

    /// Every predicate must hold.
    SearchFirstNTuples = "searchFirstNTuples" Standard Data {
        elem search_request: "searchRequest" SearchFirstNTuplesRequest 1
    } -> SearchResult 1

    SearchNextNTuples = "searchNextNTuples" Standard Data {
        elem search_request: "searchRequest" SearchNextNTuplesRequest 1
    } -> SearchResult 1

    UpdateTuple = "updateTuple" Advanced Data {
        elem update_tuple_request: "updateTupleRequest" UpdateTupleRequest 1
    } -> UpdateTupleResult 1

    InsertTuple = "insertTuple" Advanced Data {
        elem insert_tuple_request: "insertTupleRequest" InsertTupleRequest 1
    } -> UpdateTupleResult 1

    DeleteTuple = "deleteTuple" Advanced Data {
        elem delete_tuple_request: "deleteTupleRequest" DeleteTupleRequest 1
    } -> Outcome 1

    RegisterNotificationHandler = "registerNotificationHandler" Standard Data {
        elem session_id: "sessionId" i64 1; elem event_handler_url: "eventHandlerURL" String 1
    } -> Outcome 1

    RegisterDeisForNotification = "registerDeisForNotification" Standard Data {
        elem reg_notification: "regNotification" NotificationRequest 1
    } -> Outcome 1

    DeregisterDeisForNotification = "deregisterDeisForNotification" Standard Data {
        elem dereg_notification: "deregNotification" NotificationRequest 1
    } -> Outcome 1

    GetNotification = "getNotification" Standard Data {
        elem session_id: "sessionId" i64 1
    } -> GetNotificationResult 1
}
