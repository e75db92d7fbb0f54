//! Handlers of StandardCCService for features that are set at a device, and for monitors of them.

use actors::device::features;
use actors::device::messages::Action;
use actors::refusal::Refused;
use actors::session::messages::{MonitorFeatures as WatchFeatures, StopFeatureMonitor as UnwatchFeatures};
use schemas::contract::cc::{DeviceFeaturesResult, Outcome};
use schemas::contract::ops_call_control_standard::{
    GetDeviceFeatures, MonitorFeatures, SetCfAlways, SetCfBusyExternal, SetCfBusyInternal, SetCfnaExternal,
    SetCfnaInternal, SetDeviceDnd, StopFeatureMonitor,
};
use schemas::contract::std::{MonitorResult, SetCfRequest};
use schemas::domain::Forwarding;

use super::call_control::{done, object};
use super::operation::{Context, Given, Handler, Operation, Result, run};

pub(super) fn handler(name: &str) -> Option<Handler> {
    Some(match name {
        "setDeviceDND" => run::<SetDeviceDnd>,
        "setCFAlways" => run::<SetCfAlways>,
        "setCFBusyInternal" => run::<SetCfBusyInternal>,
        "setCFBusyExternal" => run::<SetCfBusyExternal>,
        "setCFNAInternal" => run::<SetCfnaInternal>,
        "setCFNAExternal" => run::<SetCfnaExternal>,
        "getDeviceFeatures" => run::<GetDeviceFeatures>,
        "monitorFeatures" => run::<MonitorFeatures>,
        "stopFeatureMonitor" => run::<StopFeatureMonitor>,
        _ => return None,
    })
}

impl Operation for SetDeviceDnd {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.command(self.session_id, self.object_id, Ok(Action::DoNotDisturb(self.dnd_state))).await
    }
}

impl Context<'_> {
    async fn forward(&self, which: Forwarding, request: SetCfRequest) -> Result<Outcome> {
        let number = request.dn.trim().to_owned();
        let action = Action::Forward { which, on: request.cf_on, number };
        self.command(request.session_id, request.object_id, Ok(action)).await
    }
}

impl Operation for SetCfAlways {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.forward(Forwarding::Always, self.request).await
    }
}

impl Operation for SetCfBusyInternal {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.forward(Forwarding::BusyInternal, self.request).await
    }
}

impl Operation for SetCfBusyExternal {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.forward(Forwarding::BusyExternal, self.request).await
    }
}

impl Operation for SetCfnaInternal {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.forward(Forwarding::NoAnswerInternal, self.request).await
    }
}

impl Operation for SetCfnaExternal {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        context.forward(Forwarding::NoAnswerExternal, self.request).await
    }
}

impl Operation for GetDeviceFeatures {
    async fn run(self, context: &Context<'_>) -> Result<DeviceFeaturesResult> {
        let session = context.session(self.session_id).await?;
        let settings = session.monitors.settings(object(self.object_id)?).await?;
        Ok(Given::Reply(features::result(&settings)))
    }
}

impl Operation for MonitorFeatures {
    async fn run(self, context: &Context<'_>) -> Result<MonitorResult> {
        let session = context.session(self.session_id).await?;
        let object = context.monitorable(self.object_id)?;
        session.addr.send(WatchFeatures(object)).await.map_err(|_| Refused::Lost)??;
        Ok(Given::Reply(MonitorResult {
            error_description: None,
            result: true,
            object_id: object.as_long(),
            icp_id: i64::from(object.ceid().get()),
        }))
    }
}

impl Operation for StopFeatureMonitor {
    async fn run(self, context: &Context<'_>) -> Result<Outcome> {
        let session = context.session(self.session_id).await?;
        session.addr.send(UnwatchFeatures(object(self.object_id)?)).await.map_err(|_| Refused::Lost)??;
        Ok(done())
    }
}
