// A middleware for human handover. Its agent is an echo. Go 1.19, standard library only.
//
//	WEBHOOK_TOKEN=… PUSH_URL=https://HOST/webhooks/handover/push PUSH_KEY=… PORT=8091 go run .
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	bodyMax    = 1 << 20
	remembered = 10_000
)

type object = map[string]any

type chat struct{ bot, user string }

type refused struct {
	status int
	why    string
}

var (
	token   = os.Getenv("WEBHOOK_TOKEN")
	pushURL = os.Getenv("PUSH_URL")
	pushKey = os.Getenv("PUSH_KEY")

	lock    sync.Mutex
	open    = map[chat]bool{}     // the open chats
	answers = map[string]object{} // answers by Idempotency-Key
	order   []string              // the keys of answers, oldest first
	pushes  = make(chan object, 100_000)
)

func main() {
	if token == "" {
		log.Fatal("set WEBHOOK_TOKEN")
	}
	port := os.Getenv("PORT")
	if port == "" {
		port = "8091"
	}
	if pushURL != "" {
		go sendPushes()
	}
	fmt.Printf("listening on http://127.0.0.1:%s/\n", port)
	server := http.Server{
		Addr:              "127.0.0.1:" + port,
		Handler:           http.HandlerFunc(serve),
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
	}
	log.Fatal(server.ListenAndServe())
}

func serve(w http.ResponseWriter, r *http.Request) {
	status := http.StatusOK
	value, wrong := answer(w, r)
	if wrong != nil {
		status, value = wrong.status, object{"error": wrong.why}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(value)
}

func answer(w http.ResponseWriter, r *http.Request) (object, *refused) {
	if r.Method != http.MethodPost {
		return nil, &refused{405, "send a POST"}
	}
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax))
	if err != nil {
		return nil, &refused{413, fmt.Sprintf("send at most %d bytes", bodyMax)}
	}
	var body object
	if json.Unmarshal(raw, &body) != nil || body == nil {
		return nil, &refused{400, "the body is not a JSON object: send one"}
	}
	if !mayEnter(r.Header.Get("Authorization"), body) {
		return nil, &refused{401, "no valid token"}
	}
	call := r.Header.Get("Idempotency-Key")
	if call == "" {
		call = r.Header.Get("X-Request-Id")
	}
	return handle(body, call)
}

// The token may be bare or after `Bearer` in Authorization, or in the body.
func mayEnter(authorization string, body object) bool {
	bare := strings.TrimSpace(authorization)
	if len(bare) > 7 && strings.EqualFold(bare[:7], "bearer ") {
		bare = strings.TrimSpace(bare[7:])
	}
	inBody, _ := body["accessToken"].(string)
	inHeader := subtle.ConstantTimeCompare([]byte(token), []byte(bare))
	return inHeader|subtle.ConstantTimeCompare([]byte(token), []byte(inBody)) == 1
}

// The text of the visitor, or the name of the event that was sent instead.
func said(body object) (string, bool) {
	input, _ := body["queryInput"].(object)
	for part, field := range map[string]string{"text": "text", "event": "name"} {
		inner, _ := input[part].(object)
		if text, ok := inner[field].(string); ok {
			return text, true
		}
	}
	return "", false
}

func handle(body object, call string) (object, *refused) {
	bot, _ := body["botId"].(string)
	user, _ := body["userId"].(string)
	if bot == "" || user == "" {
		return nil, &refused{400, "botId or userId is missing: send both"}
	}
	c := chat{bot, user}
	lock.Lock()
	defer lock.Unlock()
	switch body["eventType"] {
	case "user_typing":
		return object{}, nil
	case "user_left", "pause_expired":
		delete(open, c)
		return object{}, nil
	}
	text, ok := said(body)
	if !ok {
		return nil, &refused{400, "queryInput.text.text is missing: send what the visitor wrote"}
	}
	if before, ok := answers[call]; ok {
		return before, nil
	}
	var reply object
	if body["dialogflowResponse"] != nil {
		reply = stepOne(c)
	} else {
		reply = stepTwo(c, text)
	}
	if call != "" {
		remember(call, reply)
	}
	return reply, nil
}

// Step one: the bot asks for a human. This echo is always available.
func stepOne(c chat) object {
	open[c] = true
	push(c, "channel_update", object{})
	push(c, "message", object{"text": "Hello, I am Echo. Say bye to get the bot back."})
	return object{"paused": true, "minutesPaused": 10}
}

// Step two: the visitor wrote to the human.
func stepTwo(c chat, text string) object {
	if !open[c] {
		return object{"paused": false, "minutesPaused": 0}
	}
	if strings.EqualFold(strings.TrimSpace(text), "bye") {
		delete(open, c)
		push(c, "message", object{"text": "Goodbye!"})
		push(c, "channel_update", object{"paused": false})
	} else {
		push(c, "message", object{"text": "You said: " + text})
	}
	return object{"paused": true, "minutesPaused": 10}
}

func remember(call string, reply object) {
	answers[call] = reply
	order = append(order, call)
	if len(order) > remembered {
		delete(answers, order[0])
		order = order[1:]
	}
}

func push(c chat, event string, more object) {
	if pushURL == "" {
		return
	}
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		log.Fatal(err)
	}
	body := object{
		"accessToken": pushKey, "eventType": event, "botId": c.bot, "userId": c.user,
		"messageId": hex.EncodeToString(id), "paused": true, "minutesPaused": 10,
		"agentProfile": object{"name": "Echo", "avatarUrl": ""},
	}
	for field, value := range more {
		body[field] = value
	}
	pushes <- body
}

// Sends the pushes one at a time, each until it is accepted or rejected for good.
func sendPushes() {
	client := http.Client{Timeout: 10 * time.Second}
	for body := range pushes {
		text, _ := json.Marshal(body)
		for _, wait := range []time.Duration{1, 2, 5, 10, 20, 0} {
			request, err := http.NewRequest(http.MethodPost, pushURL, bytes.NewReader(text))
			if err != nil {
				log.Fatal(err)
			}
			request.Header.Set("Content-Type", "application/json")
			request.Header.Set("Authorization", pushKey)
			request.Header.Set("Idempotency-Key", body["messageId"].(string))
			response, err := client.Do(request)
			if err != nil {
				fmt.Printf("push %s: %v\n", body["eventType"], err)
			} else {
				status := response.StatusCode
				io.Copy(io.Discard, response.Body)
				response.Body.Close()
				if status < 300 {
					break
				}
				fmt.Printf("push %s: %d\n", body["eventType"], status)
				if status < 500 && status != 408 && status != 425 && status != 429 {
					break
				}
			}
			time.Sleep(wait * time.Second)
		}
	}
}
