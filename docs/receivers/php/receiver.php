<?php
// A middleware for human handover. Its agent is an echo. PHP 8.1, no extensions; behind PHP-FPM
// or, to try it:
//
// WEBHOOK_TOKEN=… PUSH_URL=https://HOST/webhooks/handover/push PUSH_KEY=… STATE=/var/lib/echo \
//   PHP_CLI_SERVER_WORKERS=4 php -S 127.0.0.1:8091 receiver.php
//
// Each request is a separate process. So the state is a file, and a second file is the lock for
// sending pushes.

declare(strict_types=1);

const BODY_MAX = 1 << 20;
const REMEMBERED = 10_000;
const PAUSED = ['paused' => true, 'minutesPaused' => 10];
const ENDED = ['paused' => false, 'minutesPaused' => 0];

final class Refused extends Exception
{
}

/** The stored state: open chats, answers by call id, pushes not sent yet. */
final class State
{
    public array $open = [];
    public array $answers = [];
    public array $pushes = [];

    /** Locks the state, runs `$change` with it, and stores the result. */
    public static function change(callable $change): mixed
    {
        $file = fopen(folder() . '/state', 'c+');
        flock($file, LOCK_EX);
        $state = new self();
        foreach (json_decode(stream_get_contents($file) ?: '{}', true) as $name => $value) {
            $state->$name = $value;
        }
        $result = $change($state);
        rewind($file);
        ftruncate($file, 0);
        fwrite($file, json_encode($state));
        fclose($file);
        return $result;
    }
}

function folder(): string
{
    $folder = getenv('STATE') ?: sys_get_temp_dir() . '/echo-receiver';
    is_dir($folder) || @mkdir($folder, 0700, true);
    return $folder;
}

/** The token may be bare or after `Bearer` in Authorization, or in the body. */
function may_enter(string $authorization, stdClass $body): bool
{
    $token = (string) getenv('WEBHOOK_TOKEN');
    $bare = preg_replace('/^bearer\s+/i', '', trim($authorization));
    $in_body = is_string($body->accessToken ?? null) ? $body->accessToken : '';
    $fits = array_map(fn ($secret) => hash_equals($token, $secret), [$bare, $in_body]);
    return $token !== '' && in_array(true, $fits, true);
}

/** The text of the visitor, or the name of the event that was sent instead. */
function said(stdClass $body): string
{
    $text = $body->queryInput->text->text ?? $body->queryInput->event->name ?? null;
    return is_string($text) ? $text : throw new Refused('queryInput.text.text is missing', 400);
}

function handle(State $state, stdClass $body, string $call): array
{
    foreach (['userId', 'botId'] as $field) {
        if (!is_string($body->$field ?? null) || $body->$field === '') {
            throw new Refused("$field is missing: send its id", 400);
        }
    }
    $chat = [$body->botId, $body->userId];
    $key = json_encode($chat);
    switch ($body->eventType ?? null) {
        case 'user_typing':
            return [];
        case 'user_left':
        case 'pause_expired':
            unset($state->open[$key]);
            return [];
    }
    $text = said($body);
    if ($call !== '' && isset($state->answers[$call])) {
        return $state->answers[$call];
    }
    $wanted = isset($body->dialogflowResponse);
    $answer = $wanted ? step_one($state, $chat, $key) : step_two($state, $chat, $key, $text);
    if ($call !== '') {
        $state->answers[$call] = $answer;
        $state->answers = array_slice($state->answers, -REMEMBERED, null, true);
    }
    return $answer;
}

/** Step one: the bot asks for a human. This echo is always available. */
function step_one(State $state, array $chat, string $key): array
{
    $state->open[$key] = true;
    push($state, $chat, ['eventType' => 'channel_update']);
    $hello = 'Hello, I am Echo. Say bye to get the bot back.';
    push($state, $chat, ['eventType' => 'message', 'text' => $hello]);
    return PAUSED;
}

/** Step two: the visitor wrote to the human. */
function step_two(State $state, array $chat, string $key, string $text): array
{
    if (!isset($state->open[$key])) {
        return ENDED;
    }
    if (strtolower(trim($text)) === 'bye') {
        unset($state->open[$key]);
        push($state, $chat, ['eventType' => 'message', 'text' => 'Goodbye!']);
        push($state, $chat, ['eventType' => 'channel_update', 'paused' => false]);
    } else {
        push($state, $chat, ['eventType' => 'message', 'text' => "You said: $text"]);
    }
    return PAUSED;
}

function push(State $state, array $chat, array $fields): void
{
    [$bot, $user] = $chat;
    $agent = ['name' => 'Echo', 'avatarUrl' => ''];
    $common = ['botId' => $bot, 'userId' => $user, 'agentProfile' => $agent];
    $id = ['messageId' => bin2hex(random_bytes(16))];
    if (getenv('PUSH_URL')) {
        $state->pushes[] = $fields + $common + $id + PAUSED;
    }
}

/** Sends the pushes one at a time. The next call retries what was not accepted. */
function send_pushes(): void
{
    $lock = fopen(folder() . '/sending', 'c');
    flock($lock, LOCK_EX);
    while ($push = State::change(fn ($state) => $state->pushes[0] ?? null)) {
        $status = send($push);
        $again = $status === 0 || $status >= 500 || in_array($status, [408, 425, 429], true);
        if ($again) {
            break;
        }
        State::change(function ($state) {
            array_shift($state->pushes);
        });
    }
    fclose($lock);
}

function send(array $push): int
{
    $key = (string) getenv('PUSH_KEY');
    $headers = "Content-Type: application/json\r\nAuthorization: $key\r\n"
        . "Idempotency-Key: {$push['messageId']}\r\n";
    $options = ['method' => 'POST', 'header' => $headers, 'timeout' => 10, 'ignore_errors' => true];
    $options['content'] = json_encode($push + ['accessToken' => $key]);
    $context = stream_context_create(['http' => $options]);
    $answered = @file_get_contents((string) getenv('PUSH_URL'), false, $context);
    return $answered === false ? 0 : (int) (explode(' ', $http_response_header[0])[1] ?? 0);
}

function answer(): array
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        throw new Refused('send a POST', 405);
    }
    $raw = file_get_contents('php://input', false, null, 0, BODY_MAX + 1);
    if (strlen($raw) > BODY_MAX) {
        throw new Refused('send at most ' . BODY_MAX . ' bytes', 413);
    }
    $body = json_decode($raw);
    if (!$body instanceof stdClass) {
        throw new Refused('the body is not a JSON object: send one', 400);
    }
    if (!may_enter($_SERVER['HTTP_AUTHORIZATION'] ?? '', $body)) {
        throw new Refused('no valid token', 401);
    }
    $call = $_SERVER['HTTP_IDEMPOTENCY_KEY'] ?? $_SERVER['HTTP_X_REQUEST_ID'] ?? '';
    return State::change(fn ($state) => handle($state, $body, $call));
}

try {
    $value = answer();
    http_response_code(200);
} catch (Refused $refused) {
    $value = ['error' => $refused->getMessage()];
    http_response_code($refused->getCode());
}
$text = json_encode((object) $value);
header('Content-Type: application/json');
header('Content-Length: ' . strlen($text));
echo $text;
// The platform has its answer now and does not wait for the pushes.
function_exists('fastcgi_finish_request') ? fastcgi_finish_request() : flush();
send_pushes();
