//! The command line. In: its words. Out: what to serve, or one sentence about what is wrong.

use agentline_sandbox::{Agents, Faults, Options};
use std::path::PathBuf;

/// What `--help` prints.
pub(super) const HELP: &str = "\
agentline-sandbox: Meibel, Agent Cloud and elizaOS, with a scripted agent, on 127.0.0.1

  --port N                 listen there (default: any free port)
  --key KEY                ask for this key (Meibel-API-Key, Bearer, X-API-KEY); may be given several times
  --server-version V       speak like elizaOS 1.6.5, 1.7.0 or 1.7.2 (default)
  --files PREFIX=FOLDER    serve this folder too; may be given several times
  --seed N                 the same seed gives the same ids, words and pauses
  --latency MS             wait before each answer
  --echo                   answer `echo: <text>` instead of talking
  --rate-limit N           elizaOS answers 429 after N requests in 15 minutes
  --idle-limit MS          elizaOS closes a connection after so long without a byte (default 30000)
  --least-timeout MINUTES  the shortest time until an elizaOS session may expire (default 5)
  --faults JSON            let things go wrong: a list of rules, or {\"rules\":…,\"seed\":…}; the same can be sent to
                           POST /__fixture/faults
  --meibel NAME=VALUE      turn a switch of Meibel's; may be given several times
  --agentcloud NAME=VALUE  set an option of Agent Cloud's: wake=MS|never, hang=yes|no, listing=real|documented,
                           onboarded=yes|no; may be given several times

When it is ready it prints one line of JSON: {\"ready\":true,\"url\":…,\"agentIds\":{…}}.
It stops at SIGINT and SIGTERM.
";

/// What the command line asks for.
#[derive(Debug)]
pub(super) enum Command {
    /// Say how to call it.
    Help,
    /// Serve.
    Serve(Box<Arguments>),
}

/// How to serve.
#[derive(Debug)]
pub(super) struct Arguments {
    pub port: u16,
    pub seed: Option<u64>,
    pub options: Options,
    /// Prefixes and their folders.
    pub files: Vec<(String, PathBuf)>,
}

/// Reads the command line.
///
/// # Errors
/// What is wrong, in one sentence.
pub(super) fn read(mut words: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut arguments = Arguments {
        port: 0,
        seed: None,
        options: Options::default(),
        files: Vec::new(),
    };
    while let Some(word) = words.next() {
        if word == "--echo" {
            arguments.options.agents = Agents::Echo;
            continue;
        }
        if word == "--help" || word == "-h" {
            return Ok(Command::Help);
        }
        let known = [
            "--port",
            "--key",
            "--server-version",
            "--files",
            "--seed",
            "--latency",
            "--rate-limit",
            "--idle-limit",
            "--least-timeout",
            "--faults",
            "--meibel",
            "--agentcloud",
        ];
        if !known.contains(&word.as_str()) {
            return Err(format!("{word:?} is not known; --help lists what is"));
        }
        let value = words
            .next()
            .ok_or_else(|| format!("{word} wants a value"))?;
        let options = &mut arguments.options;
        match word.as_str() {
            "--port" => arguments.port = number(&word, &value)?,
            "--key" => options.keys.push(value),
            "--server-version" => options.eliza.version = value.parse()?,
            "--files" => arguments.files.push(files(&value)?),
            "--seed" => arguments.seed = Some(number(&word, &value)?),
            "--faults" => options.faults = Faults::read(value.as_bytes())?,
            "--meibel" => options.meibel.switches.turn(&value)?,
            "--agentcloud" => options.agentcloud.set(&value)?,
            "--latency" => options.latency_ms = f64::from(number::<u32>(&word, &value)?),
            "--idle-limit" => {
                options.eliza.idle_limit_ms = f64::from(number::<u32>(&word, &value)?)
            }
            "--rate-limit" => options.eliza.rate_limit = Some(number(&word, &value)?),
            _ => options.eliza.least_timeout_minutes = f64::from(number::<u16>(&word, &value)?),
        }
    }
    Ok(Command::Serve(Box::new(arguments)))
}

fn number<N: std::str::FromStr>(word: &str, value: &str) -> Result<N, String> {
    value
        .parse()
        .map_err(|_| format!("{word} wants a number, not {value:?}"))
}

fn files(value: &str) -> Result<(String, PathBuf), String> {
    let (prefix, folder) = value
        .split_once('=')
        .ok_or_else(|| format!("--files wants PREFIX=FOLDER, not {value:?}"))?;
    let prefix = format!("/{}", prefix.trim_matches('/'));
    if prefix.contains(['{', '}', '*', ':']) {
        return Err(format!("the prefix {prefix:?} may not hold {{, }}, * or :"));
    }
    let folder = PathBuf::from(folder);
    if !folder.is_dir() {
        return Err(format!("{} is not a folder", folder.display()));
    }
    Ok((prefix, folder))
}

#[cfg(test)]
mod tests {
    use super::{Command, read};

    fn told(words: &str) -> Result<Command, String> {
        read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_is_wrong_is_said_in_one_sentence() {
        for (words, said) in [
            ("--port nine", "--port wants a number, not \"nine\""),
            ("--port 70000", "--port wants a number, not \"70000\""),
            ("--key", "--key wants a value"),
            (
                "--server-version 2",
                "the server version \"2\" is none of 1.6.5, 1.7.0 and 1.7.2",
            ),
            ("--files www", "--files wants PREFIX=FOLDER, not \"www\""),
            (
                "--files /=/no/such/folder",
                "/no/such/folder is not a folder",
            ),
            (
                "--meibel style=odd",
                "the switch style takes events, guide, legacy, not \"odd\"",
            ),
            (
                "--faults [{\"fault\":\"bom\",\"chance\":2}]",
                "faults[0].chance wants a number from 0 to 1, not 2",
            ),
            (
                "--verbose",
                "\"--verbose\" is not known; --help lists what is",
            ),
        ] {
            assert_eq!(told(words).unwrap_err(), said);
        }
    }

    #[test]
    fn the_command_line_becomes_options() {
        let Ok(Command::Serve(arguments)) =
            told("--port 80 --key a --key b --seed 7 --echo --files /a/=. --rate-limit 3")
        else {
            panic!()
        };
        assert_eq!(
            (
                arguments.port,
                arguments.seed,
                arguments.options.eliza.rate_limit
            ),
            (80, Some(7), Some(3))
        );
        assert_eq!(arguments.options.keys, ["a", "b"]);
        assert_eq!(
            arguments.files,
            [("/a".to_owned(), std::path::PathBuf::from("."))]
        );
    }
}
