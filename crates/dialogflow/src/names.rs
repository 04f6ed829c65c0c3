//! Names of Dialogflow's enums by number, the default first, and the other spelling of names.

pub(crate) type Names = &'static [(u64, &'static str)];

pub(crate) const PLATFORMS: Names = &[
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

pub(crate) const WEBHOOK_STATES: Names = &[
    (0, "WEBHOOK_STATE_UNSPECIFIED"),
    (1, "WEBHOOK_STATE_ENABLED"),
    (2, "WEBHOOK_STATE_ENABLED_FOR_SLOT_FILLING"),
];

pub(crate) const ENTITY_OVERRIDE_MODES: Names = &[
    (0, "ENTITY_OVERRIDE_MODE_UNSPECIFIED"),
    (1, "ENTITY_OVERRIDE_MODE_OVERRIDE"),
    (2, "ENTITY_OVERRIDE_MODE_SUPPLEMENT"),
];

pub(crate) const MEDIA_TYPES: Names = &[(0, "RESPONSE_MEDIA_TYPE_UNSPECIFIED"), (1, "AUDIO")];

pub(crate) const URL_TYPE_HINTS: Names =
    &[(0, "URL_TYPE_HINT_UNSPECIFIED"), (1, "AMP_ACTION"), (2, "AMP_CONTENT")];

pub(crate) const IMAGE_DISPLAY_OPTIONS: Names = &[
    (0, "IMAGE_DISPLAY_OPTIONS_UNSPECIFIED"),
    (1, "GRAY"),
    (2, "WHITE"),
    (3, "CROPPED"),
    (4, "BLURRED_BACKGROUND"),
];

pub(crate) const HORIZONTAL_ALIGNMENTS: Names =
    &[(0, "HORIZONTAL_ALIGNMENT_UNSPECIFIED"), (1, "LEADING"), (2, "CENTER"), (3, "TRAILING")];

pub(crate) const AUDIO_ENCODINGS: Names = &[
    (0, "OUTPUT_AUDIO_ENCODING_UNSPECIFIED"),
    (1, "OUTPUT_AUDIO_ENCODING_LINEAR_16"),
    (2, "OUTPUT_AUDIO_ENCODING_MP3"),
    (3, "OUTPUT_AUDIO_ENCODING_OGG_OPUS"),
    (4, "OUTPUT_AUDIO_ENCODING_MP3_64_KBPS"),
    (5, "OUTPUT_AUDIO_ENCODING_MULAW"),
    (6, "OUTPUT_AUDIO_ENCODING_ALAW"),
];

pub(crate) const VOICE_GENDERS: Names = &[
    (0, "SSML_VOICE_GENDER_UNSPECIFIED"),
    (1, "SSML_VOICE_GENDER_MALE"),
    (2, "SSML_VOICE_GENDER_FEMALE"),
    (3, "SSML_VOICE_GENDER_NEUTRAL"),
];

pub(crate) const PHONETIC_ENCODINGS: Names = &[
    (0, "PHONETIC_ENCODING_UNSPECIFIED"),
    (1, "PHONETIC_ENCODING_IPA"),
    (2, "PHONETIC_ENCODING_X_SAMPA"),
];

const MATCH_TYPES: Names = &[
    (0, "MATCH_TYPE_UNSPECIFIED"),
    (1, "INTENT"),
    (2, "DIRECT_INTENT"),
    (3, "PARAMETER_FILLING"),
    (4, "NO_MATCH"),
    (5, "NO_INPUT"),
    (6, "EVENT"),
    (8, "KNOWLEDGE_CONNECTOR"),
    (9, "PLAYBOOK"),
];

const RESPONSE_TYPES: Names = &[(0, "RESPONSE_TYPE_UNSPECIFIED"), (1, "PARTIAL"), (2, "FINAL")];

const PROMPT_TYPES: Names = &[
    (0, "RESPONSE_TYPE_UNSPECIFIED"),
    (1, "ENTRY_PROMPT"),
    (2, "PARAMETER_PROMPT"),
    (3, "HANDLER_PROMPT"),
];

const OUTPUT_STATES: Names = &[
    (0, "OUTPUT_STATE_UNSPECIFIED"),
    (1, "OUTPUT_STATE_OK"),
    (2, "OUTPUT_STATE_CANCELLED"),
    (3, "OUTPUT_STATE_FAILED"),
    (4, "OUTPUT_STATE_ESCALATED"),
    (5, "OUTPUT_STATE_PENDING"),
];

/// Names of the enum in field `name` of the message in field `inside`; `None` when it is not an
/// enum. The fields of the response itself are inside `""`.
pub(crate) fn of(inside: &str, name: &str) -> Option<Names> {
    Some(match (inside, name) {
        (_, "platform") => PLATFORMS,
        (_, "webhookState") => WEBHOOK_STATES,
        (_, "mediaType") => MEDIA_TYPES,
        (_, "urlTypeHint") => URL_TYPE_HINTS,
        (_, "imageDisplayOptions") => IMAGE_DISPLAY_OPTIONS,
        (_, "horizontalAlignment") => HORIZONTAL_ALIGNMENTS,
        (_, "audioEncoding") => AUDIO_ENCODINGS,
        (_, "ssmlGender") => VOICE_GENDERS,
        (_, "phoneticEncoding") => PHONETIC_ENCODINGS,
        (_, "matchType") => MATCH_TYPES,
        ("", "responseType") => RESPONSE_TYPES,
        (_, "responseType") => PROMPT_TYPES,
        ("traceBlocks", "endState") => OUTPUT_STATES,
        _ => return None,
    })
}

/// A name as the protobuf definition spells it: `languageCode` gives `language_code`.
pub(crate) fn snake(name: &str) -> String {
    let mut spelled = String::with_capacity(name.len() + 4);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            spelled.push('_');
        }
        spelled.push(letter.to_ascii_lowercase());
    }
    spelled
}
