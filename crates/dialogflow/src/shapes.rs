//! The protobuf messages that Dialogflow ES and its clients and webhooks exchange, as tables:
//! [`render`](crate::render) writes by them, [`read`] reads by them. [`new`] marks the fields that
//! the first client libraries did not have.

use crate::names::{
    AUDIO_ENCODINGS, ENTITY_OVERRIDE_MODES, HORIZONTAL_ALIGNMENTS, IMAGE_DISPLAY_OPTIONS,
    MEDIA_TYPES, Names, PHONETIC_ENCODINGS, PLATFORMS, URL_TYPE_HINTS, VOICE_GENDERS,
    WEBHOOK_STATES,
};

mod read;

use self::Kind::{
    Bytes, ContextName, Enum, Flag, Many, Message, Number, Raw, Struct, StructOrNull, Text,
};
pub(crate) use self::read::Misfit;

/// The version of a client library, by the fields that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSet {
    /// Before sentiment, audio, and the flags for handing off and ending.
    Base,
    Current,
}

/// The fields of one protobuf message in the order of the client: repeated ones first.
pub(crate) struct Shape {
    pub(crate) fields: &'static [Field],
    pub(crate) oneof: Option<OneOf>,
}

/// Fields of which at most one is set, and the key that says which.
pub(crate) struct OneOf {
    pub(crate) discriminator: &'static str,
    pub(crate) members: &'static [Field],
}

pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) since: FieldSet,
}

pub(crate) enum Kind {
    Text,
    ContextName,
    Number,
    Flag,
    /// Base64 in the response, a buffer in the client.
    Bytes,
    Enum(Names),
    /// A free object; empty when unset and plain.
    Struct,
    /// A free object; `null` when unset.
    StructOrNull,
    Message(&'static Shape),
    Many(&'static Kind),
    /// Copied unchanged.
    Raw,
}

impl Field {
    pub(crate) fn is_new(&self) -> bool {
        self.since == FieldSet::Current
    }
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, since: FieldSet::Base }
}

const fn new(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, since: FieldSet::Current }
}

const fn plain(fields: &'static [Field]) -> Shape {
    Shape { fields, oneof: None }
}

pub(crate) static RESPONSE: Shape = plain(&[
    field("responseId", Text),
    field("queryResult", Message(&QUERY_RESULT)),
    field("webhookStatus", Message(&STATUS)),
    new("outputAudio", Bytes),
    new("outputAudioConfig", Message(&OUTPUT_AUDIO_CONFIG)),
]);

static QUERY_RESULT: Shape = plain(&[
    field("fulfillmentMessages", Many(&Message(&MESSAGE))),
    field("outputContexts", Many(&Message(&CONTEXT))),
    field("queryText", Text),
    field("speechRecognitionConfidence", Number),
    field("action", Text),
    field("parameters", Struct),
    field("allRequiredParamsPresent", Flag),
    field("fulfillmentText", Text),
    field("webhookSource", Text),
    field("webhookPayload", Struct),
    field("intent", Message(&INTENT)),
    field("intentDetectionConfidence", Number),
    field("diagnosticInfo", StructOrNull),
    field("languageCode", Text),
    new("sentimentAnalysisResult", Message(&SENTIMENT_ANALYSIS_RESULT)),
    new("cancelsSlotFilling", Flag),
]);

/// What a webhook answers. The last three fields are not in version 2: `v2beta1` has the first two,
/// and Google's fulfilment library writes the third.
pub(crate) static WEBHOOK_RESPONSE: Shape = plain(&[
    field("fulfillmentMessages", Many(&Message(&MESSAGE))),
    field("outputContexts", Many(&Message(&CONTEXT))),
    field("sessionEntityTypes", Many(&Message(&SESSION_ENTITY_TYPE))),
    field("fulfillmentText", Text),
    field("source", Text),
    field("payload", Struct),
    field("followupEventInput", Message(&EVENT_INPUT)),
    new("endInteraction", Flag),
    new("liveAgentHandoff", Flag),
    new("triggerEndOfConversation", Flag),
]);

static SESSION_ENTITY_TYPE: Shape = plain(&[
    field("entities", Many(&Message(&ENTITY))),
    field("name", Text),
    field("entityOverrideMode", Enum(ENTITY_OVERRIDE_MODES)),
]);

static ENTITY: Shape = plain(&[field("synonyms", Many(&Text)), field("value", Text)]);

static EVENT_INPUT: Shape =
    plain(&[field("name", Text), field("parameters", Struct), field("languageCode", Text)]);

static SENTIMENT_ANALYSIS_RESULT: Shape =
    plain(&[field("queryTextSentiment", Message(&SENTIMENT))]);

static SENTIMENT: Shape = plain(&[field("score", Number), field("magnitude", Number)]);

static STATUS: Shape =
    plain(&[field("details", Many(&Raw)), field("code", Number), field("message", Text)]);

static CONTEXT: Shape = plain(&[
    field("name", ContextName),
    field("lifespanCount", Number),
    field("parameters", Struct),
]);

static INTENT: Shape = plain(&[
    field("inputContextNames", Many(&Raw)),
    field("events", Many(&Raw)),
    field("trainingPhrases", Many(&Raw)),
    field("outputContexts", Many(&Raw)),
    field("parameters", Many(&Raw)),
    field("messages", Many(&Raw)),
    field("defaultResponsePlatforms", Many(&Raw)),
    field("followupIntentInfo", Many(&Raw)),
    field("name", Text),
    field("displayName", Text),
    field("priority", Number),
    field("isFallback", Flag),
    field("webhookState", Enum(WEBHOOK_STATES)),
    field("action", Text),
    field("resetContexts", Flag),
    field("rootFollowupIntentName", Text),
    field("parentFollowupIntentName", Text),
    field("mlDisabled", Flag),
    new("liveAgentHandoff", Flag),
    new("endInteraction", Flag),
]);

static MESSAGE: Shape = Shape {
    fields: &[field("platform", Enum(PLATFORMS))],
    oneof: Some(OneOf {
        discriminator: "message",
        members: &[
            field("text", Message(&TEXT)),
            field("image", Message(&IMAGE)),
            field("quickReplies", Message(&QUICK_REPLIES)),
            field("card", Message(&CARD)),
            field("payload", Struct),
            field("simpleResponses", Message(&SIMPLE_RESPONSES)),
            field("basicCard", Message(&BASIC_CARD)),
            field("suggestions", Message(&SUGGESTIONS)),
            field("linkOutSuggestion", Message(&LINK_OUT_SUGGESTION)),
            field("listSelect", Message(&LIST_SELECT)),
            field("carouselSelect", Message(&CAROUSEL_SELECT)),
            new("browseCarouselCard", Message(&BROWSE_CAROUSEL_CARD)),
            new("tableCard", Message(&TABLE_CARD)),
            field("mediaContent", Message(&MEDIA_CONTENT)),
        ],
    }),
};

static TEXT: Shape = plain(&[field("text", Many(&Text))]);

static IMAGE: Shape = plain(&[field("imageUri", Text), field("accessibilityText", Text)]);

static QUICK_REPLIES: Shape = plain(&[field("quickReplies", Many(&Text)), field("title", Text)]);

static CARD: Shape = plain(&[
    field("buttons", Many(&Message(&CARD_BUTTON))),
    field("title", Text),
    field("subtitle", Text),
    field("imageUri", Text),
]);

static CARD_BUTTON: Shape = plain(&[field("text", Text), field("postback", Text)]);

static SIMPLE_RESPONSES: Shape =
    plain(&[field("simpleResponses", Many(&Message(&SIMPLE_RESPONSE)))]);

static SIMPLE_RESPONSE: Shape =
    plain(&[field("textToSpeech", Text), field("ssml", Text), field("displayText", Text)]);

static BASIC_CARD: Shape = plain(&[
    field("buttons", Many(&Message(&BASIC_CARD_BUTTON))),
    field("title", Text),
    field("subtitle", Text),
    field("formattedText", Text),
    field("image", Message(&IMAGE)),
]);

static BASIC_CARD_BUTTON: Shape =
    plain(&[field("title", Text), field("openUriAction", Message(&OPEN_URI))]);

static OPEN_URI: Shape = plain(&[field("uri", Text)]);

static SUGGESTIONS: Shape = plain(&[field("suggestions", Many(&Message(&SUGGESTION)))]);

static SUGGESTION: Shape = plain(&[field("title", Text)]);

static LINK_OUT_SUGGESTION: Shape = plain(&[field("destinationName", Text), field("uri", Text)]);

static LIST_SELECT: Shape =
    plain(&[field("items", Many(&Message(&ITEM))), field("title", Text), field("subtitle", Text)]);

static CAROUSEL_SELECT: Shape = plain(&[field("items", Many(&Message(&ITEM)))]);

static ITEM: Shape = plain(&[
    field("info", Message(&ITEM_INFO)),
    field("title", Text),
    field("description", Text),
    field("image", Message(&IMAGE)),
]);

static ITEM_INFO: Shape = plain(&[field("synonyms", Many(&Text)), field("key", Text)]);

static MEDIA_CONTENT: Shape = plain(&[
    field("mediaObjects", Many(&Message(&MEDIA_OBJECT))),
    field("mediaType", Enum(MEDIA_TYPES)),
]);

static MEDIA_OBJECT: Shape = Shape {
    fields: &[field("name", Text), field("description", Text), field("contentUrl", Text)],
    oneof: Some(OneOf {
        discriminator: "image",
        members: &[field("largeImage", Message(&IMAGE)), field("icon", Message(&IMAGE))],
    }),
};

static BROWSE_CAROUSEL_CARD: Shape = plain(&[
    field("items", Many(&Message(&BROWSE_ITEM))),
    field("imageDisplayOptions", Enum(IMAGE_DISPLAY_OPTIONS)),
]);

static BROWSE_ITEM: Shape = plain(&[
    field("openUriAction", Message(&OPEN_URL)),
    field("title", Text),
    field("description", Text),
    field("image", Message(&IMAGE)),
    field("footer", Text),
]);

static OPEN_URL: Shape = plain(&[field("url", Text), field("urlTypeHint", Enum(URL_TYPE_HINTS))]);

static TABLE_CARD: Shape = plain(&[
    field("columnProperties", Many(&Message(&COLUMN_PROPERTIES))),
    field("rows", Many(&Message(&TABLE_ROW))),
    field("buttons", Many(&Message(&BASIC_CARD_BUTTON))),
    field("title", Text),
    field("subtitle", Text),
    field("image", Message(&IMAGE)),
]);

static COLUMN_PROPERTIES: Shape =
    plain(&[field("header", Text), field("horizontalAlignment", Enum(HORIZONTAL_ALIGNMENTS))]);

static TABLE_ROW: Shape =
    plain(&[field("cells", Many(&Message(&TABLE_CELL))), field("dividerAfter", Flag)]);

static TABLE_CELL: Shape = plain(&[field("text", Text)]);

static OUTPUT_AUDIO_CONFIG: Shape = plain(&[
    field("audioEncoding", Enum(AUDIO_ENCODINGS)),
    field("sampleRateHertz", Number),
    field("synthesizeSpeechConfig", Message(&SYNTHESIZE_SPEECH_CONFIG)),
]);

static SYNTHESIZE_SPEECH_CONFIG: Shape = plain(&[
    field("effectsProfileId", Many(&Text)),
    field("pronunciations", Many(&Message(&PRONUNCIATION))),
    field("speakingRate", Number),
    field("pitch", Number),
    field("volumeGainDb", Number),
    field("voice", Message(&VOICE)),
]);

static VOICE: Shape = plain(&[field("name", Text), field("ssmlGender", Enum(VOICE_GENDERS))]);

static PRONUNCIATION: Shape = plain(&[
    field("phrase", Text),
    field("phoneticEncoding", Enum(PHONETIC_ENCODINGS)),
    field("pronunciation", Text),
]);
