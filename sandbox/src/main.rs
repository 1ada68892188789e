//! The sandbox as a real HTTP server on 127.0.0.1: `agentline-sandbox --help` tells how to call it.

#[cfg(not(target_arch = "wasm32"))]
mod server;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> std::process::ExitCode {
    server::main()
}

#[cfg(target_arch = "wasm32")]
fn main() {}
