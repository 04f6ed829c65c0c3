//! The messages of a detectIntent response as tables, with the fields that the contract's first
//! revision shows: those of the client library before sentiment and audio were added.

use super::{
    Field,
    Kind::{self, ContextName, Enum, Flag, Many, Message, Number, Raw, Struct, StructOrNull, Text},
    OneOf, Shape,
};

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind }
}

const fn plain(fields: &'static [Field]) -> Shape {
    Shape { fields, oneof: None }
}

const PLATFORMS: &[(u64, &str)] = &[
    (0, "PLATFORM_UNSPECIFIED"),
    (1, "FACEBOOK"),
    (2, "SLACK"),
    (3, "TELEGRAM"),
    (4, "KIK"),
    (5, "SKYPE"),
    (6, "LINE"),
    (7, "VIBER"),
    (8, "ACTIONS_ON_GOOGLE"),
    (11, "GOOGLE_HANGOUTS"),
];

const WEBHOOK_STATES: &[(u64, &str)] = &[
    (0, "WEBHOOK_STATE_UNSPECIFIED"),
    (1, "WEBHOOK_STATE_ENABLED"),
    (2, "WEBHOOK_STATE_ENABLED_FOR_SLOT_FILLING"),
];

const MEDIA_TYPES: &[(u64, &str)] = &[(0, "RESPONSE_MEDIA_TYPE_UNSPECIFIED"), (1, "AUDIO")];

pub(super) static RESPONSE: Shape = plain(&[
    field("responseId", Text),
    field("queryResult", Message(&QUERY_RESULT)),
    field("webhookStatus", Message(&STATUS)),
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
]);

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
