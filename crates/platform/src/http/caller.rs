//! Who calls the visitor API: a visitor, known by a token.

use std::sync::Arc;

use edge::{http::bearer, limits::Client, origins::AskedBy};
use http::HeaderMap;

use super::{error::HttpError, origin};
use crate::{app::App, bot::Bot, visitors::Recognized};

/// A visitor's conversation, and the bot it is with.
pub(super) struct Caller {
    pub(super) bot: Arc<Bot>,
    pub(super) conversation: String,
}

impl Caller {
    /// # Errors
    ///
    /// See [`Caller::with_token`].
    pub(super) async fn of(
        app: &App,
        client: &Client,
        headers: &HeaderMap,
    ) -> Result<Self, HttpError> {
        let token = bearer(headers).unwrap_or_default();
        Self::with_token(app, client, token, &AskedBy::of(headers)).await
    }

    /// # Errors
    ///
    /// 401 for a token that is unknown or wrong, and for nothing else, because the widget then
    /// forgets its token. 429 after too many of those. 403 for a page that the bot does not list.
    /// 503 when the bot is missing from the configuration.
    pub(super) async fn with_token(
        app: &App,
        client: &Client,
        token: &str,
        asked_by: &AskedBy,
    ) -> Result<Self, HttpError> {
        let found = app.visitors.with_token(token, app.clock.now()).await?;
        let Some(Recognized { visitor, conversation }) = found else {
            client.failed_call()?;
            return Err(HttpError::unauthorized());
        };
        let Some(bot) = app.bots.get(&visitor.bot) else {
            app.missing_bots.log(&visitor.bot);
            return Err(HttpError::not_served(
                "The bot of this conversation is missing from the server's configuration. Keep \
                 the token and try again later.",
            ));
        };
        origin::admit(&bot, asked_by)?;
        Ok(Self { bot, conversation })
    }
}
