//! agentline.
