//! Uploads: a CAR from an account that the chain allows, in answer to a challenge of ours.
//!
//! A new piece is pinned and stays restricted until the chain says that it is public. It is charged to the account in
//! the [`ledger`] for as long as it is here.

mod challenge;
mod error;
mod ledger;

use std::{path::Path, sync::Arc};

use axum::{
    Json,
    body::{Body, BodyDataStream, Bytes, HttpBody},
    extract::{self, Query, Request, State, rejection::PathRejection},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse, Response},
};
use futures::StreamExt;
use serde::Deserialize;
use serde_json::{Value, json};
use stoa_content::{PieceInfo, Store, text};
use stoa_primitives::Piece;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::spawn_blocking,
    time::{Duration, Instant, timeout},
};

pub(crate) use self::ledger::LedgerError as OpenError;
use self::{
    challenge::{Challenge, Challenges},
    ledger::Ledger,
};
pub(crate) use self::{error::UploadError, ledger::Reservation};
use crate::{Account, Gateway, Limits};

/// Where a client may put the signature instead of the query.
const SIGNATURE_HEADER: &str = "x-stoa-signature";
/// Where a client may say which piece it sends, as `<root hex>:<size>`.
const PIECE_HEADER: &str = "x-stoa-piece";
/// Longest body of a request for a challenge.
const REQUEST_SIZE: usize = 4 << 10;
/// Chunks between the connection and the disk.
pub(crate) const CHUNKS_AHEAD: usize = 8;
/// How much of a refused upload is read and thrown away, so that a client that sends before it reads gets to see why.
const LINGER_BYTES: u64 = 16 << 20;
const LINGER_TIME: Duration = Duration::from_secs(5);

/// State of uploads.
pub(crate) struct Uploads {
    challenges: Challenges,
    ledger: Arc<Ledger>,
    running: Arc<Semaphore>,
}

impl Uploads {
    pub(crate) fn open(
        audience: String,
        ledger: &Path,
        store: &Store,
        limits: &Limits,
    ) -> Result<Self, OpenError> {
        Ok(Self {
            challenges: Challenges::new(audience, limits.challenge_time, limits.answered_challenges),
            ledger: Arc::new(Ledger::open(ledger, store)?),
            running: Arc::new(Semaphore::new(limits.uploads)),
        })
    }
}

#[derive(Deserialize)]
struct ChallengeRequest {
    account: String,
}

/// `POST /upload/challenge`.
pub(crate) async fn challenge(
    State(gateway): State<Arc<Gateway>>,
    body: Body,
) -> Result<Json<Value>, UploadError> {
    let body = timeout(gateway.limits.upload_silence, axum::body::to_bytes(body, REQUEST_SIZE))
        .await
        .map_err(|_| UploadError::Silent)?
        .map_err(|error| UploadError::Request(error.to_string()))?;
    let request: ChallengeRequest =
        serde_json::from_slice(&body).map_err(|error| UploadError::Request(error.to_string()))?;
    let account = gateway.chain.parse_account(&request.account).ok_or(UploadError::Account)?;
    let allowance = allowance(&gateway, &account).await?;
    let held = held(&gateway, account).await?;
    let challenges = &gateway.uploads.challenges;
    let challenge = challenges.issue(account);
    gateway.metrics.challenges.one();
    Ok(Json(json!({
        "challenge": challenges.text(&challenge, &gateway.chain.account_text(&account)),
        "nonce": challenges.nonce(&challenge),
        "expires": challenge.expires,
        "allowance": allowance.saturating_sub(held).min(gateway.limits.upload_bytes),
    })))
}

/// `PUT /upload/{nonce}`.
pub(crate) async fn upload(
    State(gateway): State<Arc<Gateway>>,
    nonce: Result<extract::Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let (head, body) = request.into_parts();
    let size = body.size_hint().exact();
    let mut chunks = body.into_data_stream();
    let nonce = nonce.map(|path| path.0).unwrap_or_default();
    let admitted = admit(&gateway, &nonce, &head, size).await;
    let asked = admitted.is_ok();
    let outcome = match admitted {
        Ok(import) => import.take(&mut chunks).await,
        Err(error) => {
            gateway.metrics.uploads_refused.one();
            Err(error)
        }
    };
    match outcome {
        Ok(info) => (StatusCode::CREATED, Json(stored(&info))).into_response(),
        Err(error) => {
            // Reading on would ask for a body that the client holds back until it is asked.
            if asked || !head.headers.contains_key(header::EXPECT) {
                drain(chunks);
            }
            let mut response = error.into_response();
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

fn stored(info: &PieceInfo) -> Value {
    json!({
        "content": text(&info.content),
        "piece": { "root": hex::encode(info.piece.root), "size": info.piece.size },
    })
}

/// Reads on for a moment, so that a client that sends before it reads gets to see why it was refused.
pub(crate) fn drain(chunks: BodyDataStream) {
    tokio::spawn(timeout(LINGER_TIME, linger(chunks)));
}

async fn linger(mut chunks: BodyDataStream) {
    let mut left = LINGER_BYTES;
    while let Some(Ok(chunk)) = chunks.next().await {
        left = left.saturating_sub(chunk.len() as u64);
        if left == 0 {
            return;
        }
    }
}

/// Everything that can be refused before the body is read. Takes the challenge.
async fn admit(
    gateway: &Arc<Gateway>,
    nonce: &str,
    head: &Parts,
    size: Option<u64>,
) -> Result<Import, UploadError> {
    let uploads = &gateway.uploads;
    let challenge = uploads.challenges.open(nonce)?;
    let signature = signature(&head.uri, &head.headers)?;
    if !is_signed(gateway, &challenge, &signature) {
        return Err(UploadError::WrongSignature);
    }
    let announced = announced(&head.headers)?;
    let place = uploads.running.clone().try_acquire_owned().map_err(|_| UploadError::Busy)?;
    let allowance = allowance(gateway, &challenge.account).await?;
    held(gateway, challenge.account).await?;
    uploads.challenges.answer(&challenge)?;

    let limit = gateway.limits.upload_bytes;
    let size = announced.map(|piece| piece.size).max(size);
    if let Some(size) = size.filter(|size| *size > limit) {
        return Err(UploadError::TooLarge { size, limit });
    }
    let mut reservation =
        uploads.ledger.start(challenge.account, allowance, gateway.limits.uploads_per_account)?;
    reservation.reserve(size.unwrap_or(0))?;
    Ok(Import { gateway: gateway.clone(), announced, reservation, _place: place })
}

fn is_signed(gateway: &Gateway, challenge: &Challenge, signature: &[u8; 64]) -> bool {
    let account = &challenge.account;
    let text = gateway.uploads.challenges.text(challenge, &gateway.chain.account_text(account));
    // Wallets wrap what they sign, so that nobody is made to sign a transaction.
    let wrapped = format!("<Bytes>{text}</Bytes>");
    [text, wrapped].iter().any(|text| gateway.chain.verify(account, text.as_bytes(), signature))
}

async fn allowance(gateway: &Gateway, account: &Account) -> Result<u64, UploadError> {
    timeout(gateway.limits.chain_time, gateway.chain.upload_allowance(account))
        .await
        .map_err(|_| UploadError::Chain("it takes too long".into()))?
        .map_err(|error| UploadError::Chain(error.to_string()))?
        .ok_or(UploadError::NotAllowed)
}

/// What the account holds, after a look at what left the store.
async fn held(gateway: &Arc<Gateway>, account: Account) -> Result<u64, UploadError> {
    let (ledger, store) = (gateway.uploads.ledger.clone(), gateway.store.clone());
    spawn_blocking(move || {
        ledger.refresh(&account, &store)?;
        Ok(ledger.held(&account))
    })
    .await
    .map_err(UploadError::internal)?
}

impl Gateway {
    /// Room for bytes that wait here, counted against the account's quota until they go.
    pub(crate) async fn hold(
        self: &Arc<Self>,
        account: Account,
        bytes: u64,
    ) -> Result<Reservation, UploadError> {
        let limit = self.limits.upload_bytes;
        if bytes > limit {
            return Err(UploadError::TooLarge { size: bytes, limit });
        }
        let allowance = allowance(self, &account).await?;
        held(self, account).await?;
        let mut reservation = self.uploads.ledger.hold(account, allowance);
        reservation.reserve(bytes)?;
        Ok(reservation)
    }

    /// Charges a piece to the account and keeps it. Blocks.
    pub(crate) fn keep(&self, account: &Account, piece: &Piece) -> Result<(), UploadError> {
        // Charged before it is pinned: after a crash in between, the piece can be collected and nobody pays for it.
        self.uploads.ledger.charge(account, piece)?;
        self.store.pin(&piece.root, true)?;
        Ok(())
    }
}

#[derive(Deserialize)]
struct SignatureQuery {
    signature: Option<String>,
}

fn signature(uri: &Uri, headers: &HeaderMap) -> Result<[u8; 64], UploadError> {
    let in_header = headers.get(SIGNATURE_HEADER).and_then(|value| value.to_str().ok());
    let in_query = Query::<SignatureQuery>::try_from_uri(uri).ok().and_then(|Query(query)| query.signature);
    let text = in_header.map(str::to_owned).or(in_query).ok_or(UploadError::NoSignature)?;
    let bytes =
        hex::decode(text.strip_prefix("0x").unwrap_or(&text)).map_err(|_| UploadError::BadSignature)?;
    // Some wallets put the kind of key before the signature; 1 is sr25519.
    let bytes = match bytes.split_first() {
        Some((1, rest)) if rest.len() == 64 => rest,
        _ => &bytes,
    };
    bytes.try_into().map_err(|_| UploadError::BadSignature)
}

fn announced(headers: &HeaderMap) -> Result<Option<Piece>, UploadError> {
    let Some(value) = headers.get(PIECE_HEADER) else { return Ok(None) };
    let parse = || {
        let (root, size) = value.to_str().ok()?.split_once(':')?;
        let mut piece = Piece { root: [0; 32], size: size.parse().ok()? };
        hex::decode_to_slice(root.strip_prefix("0x").unwrap_or(root), &mut piece.root).ok()?;
        Some(piece)
    };
    parse().map(Some).ok_or(UploadError::BadPiece)
}

/// What comes of a body.
pub(crate) enum Feed {
    Bytes(Bytes),
    End,
}

/// An upload that was admitted.
struct Import {
    gateway: Arc<Gateway>,
    announced: Option<Piece>,
    reservation: Reservation,
    _place: OwnedSemaphorePermit,
}

impl Import {
    /// Reads the body and stores it. When it fails, or when the client leaves, nothing stays.
    async fn take(self, chunks: &mut BodyDataStream) -> Result<PieceInfo, UploadError> {
        let limits = self.gateway.limits.clone();
        let (feed, fed) = mpsc::channel(CHUNKS_AHEAD);
        // The whole of it runs to its end on its own thread, also when the client leaves and this future is dropped.
        let writer = spawn_blocking(move || self.write(fed));
        let read = read(chunks, feed, &limits).await;
        let written = writer.await.map_err(UploadError::internal)?;
        match (read, written) {
            // The reader's trouble is why the writer failed.
            (Err(error), Err(_)) => Err(error),
            (_, written) => written,
        }
    }

    fn write(self, fed: mpsc::Receiver<Feed>) -> Result<PieceInfo, UploadError> {
        let metrics = self.gateway.metrics.clone();
        let outcome = self.store(fed);
        match &outcome {
            Ok(_) => metrics.uploads_stored.one(),
            Err(_) => metrics.uploads_refused.one(),
        }
        outcome
    }

    fn store(mut self, mut fed: mpsc::Receiver<Feed>) -> Result<PieceInfo, UploadError> {
        let store = &self.gateway.store;
        let mut import = store.import_car()?;
        let mut size: u64 = 0;
        loop {
            match fed.blocking_recv() {
                Some(Feed::Bytes(bytes)) => {
                    size = size.saturating_add(bytes.len() as u64);
                    self.reservation.reserve(size)?;
                    self.gateway.metrics.upload_bytes.add(bytes.len() as u64);
                    import.write(&bytes)?;
                }
                Some(Feed::End) => break,
                None => return Err(UploadError::CutOff),
            }
        }
        let info = import.finish(self.announced)?;
        self.gateway.keep(&self.reservation.account(), &info.piece)?;
        Ok(info)
    }
}

/// Feeds the body to the writer, as fast as the writer takes it and no slower than the limits.
pub(crate) async fn read(
    chunks: &mut BodyDataStream,
    feed: mpsc::Sender<Feed>,
    limits: &Limits,
) -> Result<(), UploadError> {
    let mut size: u64 = 0;
    let mut waited = Duration::ZERO;
    loop {
        let asked = Instant::now();
        let chunk = timeout(limits.upload_silence, chunks.next()).await.map_err(|_| UploadError::Silent)?;
        waited = waited.saturating_add(asked.elapsed());
        let message = match chunk {
            Some(Ok(bytes)) => {
                size = size.saturating_add(bytes.len() as u64);
                Feed::Bytes(bytes)
            }
            Some(Err(_)) => return Err(UploadError::CutOff),
            None => Feed::End,
        };
        if size > limits.upload_bytes {
            return Err(UploadError::TooLarge { size, limit: limits.upload_bytes });
        }
        let due = limits.upload_rate.saturating_mul(waited.saturating_sub(limits.upload_silence).as_secs());
        if size < due {
            return Err(UploadError::TooSlow);
        }
        let last = matches!(message, Feed::End);
        // A writer that is gone says why itself.
        if feed.send(message).await.is_err() || last {
            return Ok(());
        }
    }
}
