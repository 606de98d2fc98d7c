//! An archive in a bucket: places that are wrong, stores that fail, objects that are changed, and the tools of analysts.
//!
//! Kills, scenarios and golden ways run in buckets, too: `also_on_s3` in their modules.

mod faults;
mod places;

use crate::analysts::python;
use crate::crash::scene::{Scene, expected_of_life, life, meter, same, words};
use crate::services::s3;
use crate::support::{Bucket, Data, PREFIX, on_postgres, on_s3, stderr};
use crate::tamper::books;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::fs;

/// All objects of an archive in a folder.
fn mirror(data: &Data, bucket: &Bucket) -> Result<std::path::PathBuf> {
    let folder = data.path().join("mirror");
    for name in s3::server().objects(&bucket.name, "")? {
        let path = folder.join(&name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, s3::server().get(&bucket.name, &name)?)?;
    }
    Ok(folder.join(PREFIX))
}

/// The printed views are right: Polars reads the URLs in them from the server, and DuckDB, too, if its extension for that is installed;
/// otherwise DuckDB runs the same views over a copy of the bucket.
#[test]
fn analysts_read_the_printed_views() -> Result<()> {
    let data = on_s3(books::begun)?;
    let (bucket, sql) = (data.bucket(), data.ok(["archive", "list", "--sql"])?);
    for part in ["INSTALL httpfs", "CREATE SECRET (TYPE s3", "URL_STYLE 'path', ENDPOINT '127.0.0.1:", "USE_SSL false", &bucket.url()] {
        ensure!(sql.contains(part), "{part} is not in {sql}");
    }
    ensure!(!sql.contains("hidden-secret"), "the secret is printed: {sql}");
    let given = json!({"sql": sql, "url": bucket.url(), "mirror": mirror(&data, bucket)?, "endpoint": s3::server().endpoint,
        "accruals": data.json(["accruals"])?["lines"]});
    let path = data.path().join("given.json");
    fs::write(&path, given.to_string())?;
    let found = python::run("bucket/read.py", &[&path.display().to_string()])?;
    println!("{found}");
    ensure!(found.starts_with("same "), "{found}");
    Ok(())
}

/// Each kind of object, changed by a byte, emptied and removed: found and named by `verify` and by `archive check`.
#[test]
fn objects_that_were_tampered_with_are_found_and_named() -> Result<()> {
    let scene = on_s3(Scene::new)?;
    scene.ok(&meter(120))?;
    scene.ok(&words("archive compact"))?;
    let bucket = scene.data.bucket();
    for table in ["usage", "accruals", "lines", "registry", "manifests"] {
        let path = scene.data.archived(table)?.into_iter().next_back().with_context(|| format!("no object in {table}"))?;
        let name = format!("{PREFIX}/{path}");
        let whole = s3::server().get(&bucket.name, &name)?;
        let mut flipped = whole.clone();
        flipped[whole.len() / 2] ^= 1;
        for altered in [Some(flipped), Some(Vec::new()), None] {
            match &altered {
                Some(bytes) => s3::server().put(&bucket.name, &name, bytes)?,
                None => drop(s3::server().request("DELETE", &format!("/{}/{name}", bucket.name), "")?),
            }
            for command in ["verify", "archive check"] {
                let output = scene.run(&words(command))?;
                let said = format!("{}{}", stderr(&output), String::from_utf8_lossy(&output.stdout));
                // Books whose last manifest is gone are not even opened.
                ensure!(matches!(output.status.code(), Some(1 | 2)), "{command} with {altered:?} for {name}: {said}");
                ensure!(said.contains(&path) || said.contains("lacks manifest"), "{command} does not name {path}: {said}");
            }
        }
        s3::server().put(&bucket.name, &name, &whole)?;
        scene.sound()?;
    }
    Ok(())
}

/// What is beside the archive in its bucket is none of its business.
#[test]
fn other_objects_of_the_bucket_are_left_alone() -> Result<()> {
    let scene = on_s3(Scene::new)?;
    let name = &scene.data.bucket().name;
    let others = ["usage/v1/batch-000000001-x.parquet", "some/booksellers/usage/v1/batch-000000001-x.parquet", "some/notes"];
    others.iter().try_for_each(|other| s3::server().put(name, other, b"not ours"))?;
    scene.ok(&meter(50))?;
    scene.ok(&words("archive compact"))?;
    scene.sound()?;
    let objects = s3::server().objects(name, "")?;
    ensure!(others.iter().all(|other| objects.iter().any(|object| object == other)), "{objects:?}");
    Ok(())
}

/// As in production: nothing is on the machine that meters.
#[test]
fn a_life_with_its_ledger_on_postgres_comes_to_the_same_result() -> Result<()> {
    let scene = on_postgres(|| on_s3(Scene::bare))?;
    for words in life(40) {
        scene.ok(&words)?;
    }
    same(&scene.outcome_of_life()?, expected_of_life()?, "nothing on this machine")
}
