//! `stoa publish`: a folder becomes a revision.

use crate::{
    context::Context,
    error::{CliError, sdk},
    output,
};
use clap::Args;
use serde::Serialize;
use std::path::PathBuf;
use stoa_sdk::{
    chain::{Wait, amount},
    content_keys::ContentKeys,
    names::{
        AssetName, DEFAULT_BRANCH, ParentSpec, kind_word, parse_kind, parse_visibility, visibility_word,
    },
    primitives::registry::{AssetKind, Visibility},
    private::{PrivatePlan, prepare_private},
    publish::{Cost, Plan, PublishOptions, Published, prepare},
};

/// What to publish.
#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The folder
    dir: PathBuf,
    /// The asset; its namespace and itself are made when they don't exist
    #[arg(long, value_name = "OWNER/NAME")]
    to: AssetName,
    /// model, dataset, program or space [default: what README.md shows, or model]
    #[arg(long, value_parser = parse_kind)]
    kind: Option<AssetKind>,
    /// The licence's id, such as apache-2.0 [default: what README.md says]
    #[arg(long, value_name = "ID")]
    license: Option<String>,
    /// public, gated or private [default: public, or private with --private]
    #[arg(long, value_parser = parse_visibility)]
    visibility: Option<Visibility>,
    /// Encrypt the files: only who has the key, which is kept here and can be sold, reads them
    #[arg(long)]
    private: bool,
    /// What it was made from; relation is fine-tune, adapter, quantised, merge, trained-on, evaluated-on or
    /// compiled-from
    #[arg(long = "parent", value_name = "OWNER/NAME@REVISION:RELATION")]
    parents: Vec<ParentSpec>,
    /// Take the parents that README.md names and the chain knows
    #[arg(long)]
    parents_from_card: bool,
    /// A tag for the revision; it never moves
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// The branch that moves to the revision
    #[arg(long, default_value = DEFAULT_BRANCH)]
    branch: String,
    /// What to say of the revision
    #[arg(short, long, default_value = "")]
    message: String,
    /// Don't ask before it is paid
    #[arg(short, long)]
    yes: bool,
    /// Don't wait until the chain can't undo it any more
    #[arg(long)]
    no_finality: bool,
}

#[derive(Serialize)]
struct Report<'report> {
    #[serde(flatten)]
    published: &'report Published,
    private: bool,
    costs: &'report [Cost],
    total: String,
    warnings: &'report [String],
    proposed_parents: Vec<String>,
}

pub(crate) async fn run(arguments: Arguments, context: &Context) -> Result<(), CliError> {
    let gateway = context.gateway()?;
    let signer = context.signer()?;
    let chain = context.chain().await?;
    let wait = if arguments.no_finality { Wait::InBlock } else { Wait::Finalized };
    let options = PublishOptions {
        dir: arguments.dir,
        to: arguments.to,
        kind: arguments.kind,
        license: arguments.license,
        visibility: arguments.visibility,
        parents: arguments.parents,
        parents_from_card: arguments.parents_from_card,
        tags: arguments.tags,
        branch: arguments.branch,
        message: arguments.message,
    };
    let work = if arguments.private {
        let keys = ContentKeys::of(&context.keystore()?);
        let plan = prepare_private(&chain, &signer, options, &keys, context.observer.clone()).await;
        Work::Private(Box::new(plan.map_err(sdk)?))
    } else {
        Work::Open(Box::new(prepare(&chain, &signer, options, context.observer.clone()).await.map_err(sdk)?))
    };
    let plan = work.plan();
    output::note(context.json, &describe(plan));
    if let Work::Private(private) = &work {
        output::note(context.json, &describe_private(private));
    }
    if !arguments.yes && !plan.costs.is_empty() {
        context.confirm("Publish?")?;
    }

    let costs = plan.costs.clone();
    let warnings = plan.warnings.clone();
    let proposed_parents = plan.proposed_parents.iter().map(ToString::to_string).collect();
    let total = plan.total().to_string();
    let private = matches!(work, Work::Private(_));
    let observer = context.observer.clone();
    let published = match work {
        Work::Open(plan) => plan.run(&chain, &gateway, &signer, wait, observer).await.map_err(sdk)?,
        Work::Private(plan) => plan.run(&chain, &gateway, &signer, wait, observer).await.map_err(sdk)?,
    };
    let report = Report {
        published: &published,
        private,
        costs: &costs,
        total,
        warnings: &warnings,
        proposed_parents,
    };
    output::result(context.json, &report, || {
        let done = if published.unchanged { "is there already" } else { "is published" };
        format!("{}@{} {done}\n  ipfs://{}", published.asset, published.commit, published.content)
    })
}

/// What will be done.
enum Work {
    Open(Box<Plan>),
    Private(Box<PrivatePlan>),
}

impl Work {
    fn plan(&self) -> &Plan {
        match self {
            Self::Open(plan) => plan,
            Self::Private(plan) => &plan.plan,
        }
    }
}

fn describe_private(private: &PrivatePlan) -> String {
    let key = if private.again { "the key that this folder has already" } else { "a new key" };
    format!(
        "  encrypted with {key}, from {} files, {}; their number and lengths can be seen, names and content can't",
        private.files,
        output::size(private.bytes)
    )
}

fn describe(plan: &Plan) -> String {
    let files = plan.packed.files.len();
    let bytes = plan.packed.files.iter().map(|file| file.size).sum();
    let license = if plan.license.is_empty() { "no licence" } else { &plan.license };
    let mut lines = vec![
        format!(
            "{} ({}, {}, {})",
            plan.to,
            kind_word(plan.kind),
            visibility_word(plan.visibility),
            output::clean(license)
        ),
        format!(
            "  {files} files, {}, root {}",
            output::size(bytes),
            stoa_content::text(&plan.packed.content)
        ),
    ];
    for cost in &plan.costs {
        let fee = if cost.fee == 0 { String::new() } else { format!(", fee about {}", amount(cost.fee)) };
        lines.push(format!("  {}: deposit {}{fee}", cost.what, amount(cost.deposit)));
    }
    if !plan.costs.is_empty() {
        lines.push(format!(
            "  in all about {} of {}; deposits come back when entries go",
            amount(plan.total()),
            amount(plan.balance)
        ));
    }
    for warning in &plan.warnings {
        lines.push(format!("  note: {}", output::clean(warning)));
    }
    for parent in &plan.proposed_parents {
        lines.push(format!(
            "  README.md names a parent: add it with --parent {parent}, or all with --parents-from-card"
        ));
    }
    lines.join("\n")
}
