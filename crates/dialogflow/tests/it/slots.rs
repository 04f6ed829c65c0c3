use crate::script::check;

#[test]
fn a_room_is_booked_over_five_parameters() {
    check(
        "room-reservation",
        r#"
        > I need a room
        = room.reservation 1.00
        : I can help with that. Where would you like to reserve a room…
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_location 1
        $ location ""
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > in Berlin please
        = room.reservation 1.00
        : What date?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_date 1
        $ location {"city":"Berlin"}
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > tomorrow
        = room.reservation 1.00
        : What time will the meeting start?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_time 1
        $ location {"city":"Berlin"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > at 10 am
        = room.reservation 1.00
        : How long will it last?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_duration 1
        $ location {"city":"Berlin"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time "2027-03-05T10:00:00+01:00"
        $ duration ""
        $ guests ""
        ?
        > two hours
        = room.reservation 1.00
        : Thanks. How many people are attending?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_guests 1
        $ location {"city":"Berlin"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time "2027-03-05T10:00:00+01:00"
        $ duration {"amount":2,"unit":"h"}
        $ guests ""
        ?
        > 8
        = room.reservation 1.00
        : [card FACEBOOK] {"title":"I have these room options for you.","buttons":[{"t…
        : Choose a room please.
        # roomreservation-followup 2
        $ location {"city":"Berlin"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time "2027-03-05T10:00:00+01:00"
        $ duration {"amount":2,"unit":"h"}
        $ guests 8
        > B
        = room.reservation - choose room 1.00
        : [card FACEBOOK] {"title":"Confirm?","buttons":[{"text":"Yes"},{"text":"No"}]…
        : Ok, here are the meeting details. / Date: 2027-03-06T12:00:0…
        # roomreservation-followup 1
        # roomreservation-chooseroom-followup 2
        $ room "B"
        $ date "2027-03-06T12:00:00+01:00"
        $ time "2027-03-05T10:00:00+01:00"
        $ duration {"amount":2,"unit":"h"}
        $ location {"city":"Berlin"}
        > yes
        = room.reservation - yes 1.00
        : All set!
        # roomreservation-followup 0
        # roomreservation-chooseroom-followup 1
    "#,
    );
}

#[test]
fn one_sentence_may_fill_several() {
    check(
        "room-reservation",
        r#"
        > reserve a room in Paris tomorrow
        = room.reservation 1.00
        : What time will the meeting start?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_time 1
        $ location {"city":"Paris"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > 10 am for 2 hours
        = room.reservation 1.00
        : Thanks. How many people are attending?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_guests 1
        $ location {"city":"Paris"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time "2027-03-05T10:00:00+01:00"
        $ duration {"amount":2,"unit":"h"}
        $ guests ""
        ?
        > we are twelve
        = room.reservation 1.00
        : [card FACEBOOK] {"title":"I have these room options for you.","buttons":[{"t…
        : Choose a room please.
        # roomreservation-followup 2
        $ location {"city":"Paris"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time "2027-03-05T10:00:00+01:00"
        $ duration {"amount":2,"unit":"h"}
        $ guests 12
    "#,
    );
}

#[test]
fn places_nobody_listed_are_read_where_phrases_have_one() {
    check(
        "room-reservation",
        r#"
        > reserve a room in Gmunden
        = room.reservation 0.99
        : What date?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_date 1
        $ location {"city":"Gmunden"}
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > can I book a room in our Hintertupfing office for 5 people
        = room.reservation 1.00
        : What date?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_date 1
        $ location {"city":"Hintertupfing"}
        $ date ""
        $ time ""
        $ duration ""
        $ guests 5
        ?
    "#,
    );
}

#[test]
fn an_answer_that_is_none_is_asked_again() {
    check(
        "room-reservation",
        r#"
        > book a room for 20 guests in London tomorrow
        = room.reservation 1.00
        : What time will the meeting start?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_time 1
        $ location {"city":"London"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time ""
        $ duration ""
        $ guests 20
        ?
        > hm let me think
        = room.reservation 1.00
        : What time will the meeting start?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_time 1
        $ location {"city":"London"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time ""
        $ duration ""
        $ guests 20
        ?
        > in fact book a room for 30 guests
        = room.reservation 1.00
        : What time will the meeting start?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_time 1
        $ location {"city":"London"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time ""
        $ duration ""
        $ guests 30
        ?
        > 3 pm
        = room.reservation 1.00
        : How long will it last?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_duration 1
        $ location {"city":"London"}
        $ date "2027-03-06T12:00:00+01:00"
        $ time "2027-03-05T15:00:00+01:00"
        $ duration ""
        $ guests 30
        ?
    "#,
    );
}

#[test]
fn the_visitor_can_leave() {
    check(
        "room-reservation",
        r#"
        > I need a room
        = room.reservation 1.00
        : I can help with that. Where would you like to reserve a room…
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_location 1
        $ location ""
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > never mind
        = room.reservation 1.00
        : Okay, cancelled.
        $ location ""
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        cancelled
        > I need a room
        = room.reservation 1.00
        : I can help with that. Where would you like to reserve a room…
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_location 1
        $ location ""
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > good day
        = Default Welcome Intent 1.00
        : [card FACEBOOK] {"title":"Let's start!","buttons":[{"text":"Reserve a room"}…
        : Greetings! I'm your room booking bot. I can help you to find…
    "#,
    );
}

#[test]
fn a_dialog_ends_with_its_contexts() {
    check(
        "room-reservation",
        r#"
        > I need a room
        = room.reservation 1.00
        : I can help with that. Where would you like to reserve a room…
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_location 1
        $ location ""
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        + 21
        > London
        = room.reservation 0.43
        : What date?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_date 1
        $ location {"city":"London"}
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        > I need a room
        = room.reservation 1.00
        : What date?
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_date 1
        $ location {"city":"London"}
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        ! WELCOME
        = Default Welcome Intent 1.00
        : [card FACEBOOK] {"title":"Let's start!","buttons":[{"text":"Reserve a room"}…
        : Greetings! I'm your room booking bot. I can help you to find…
        # welcome 0
        > I need a room
        = room.reservation 1.00
        : I can help with that. Where would you like to reserve a room…
        # e8f6a63e-73da-4a1a-8bfc-857183f71228_id_dialog_context 2
        # room_reservation_dialog_context 2
        # room_reservation_dialog_params_location 1
        $ location ""
        $ date ""
        $ time ""
        $ duration ""
        $ guests ""
        ?
        @ room_reservation_dialog_context 0
        > hello
        = Default Welcome Intent 1.00
        : [card FACEBOOK] {"title":"Let's start!","buttons":[{"text":"Reserve a room"}…
        : Hello! I'm your room booking bot. I can help you to find a p…
    "#,
    );
}

#[test]
fn a_parameter_without_prompts_is_asked_for_by_name() {
    check(
        "number-genie",
        r#"
        @ google_assistant_welcome 5
        > number
        = deep_link_number 0.46
        : What is the number?
        # google_assistant_welcome 4
        # 68f8347c-72a3-42ac-9ae7-49571001f55e_id_dialog_context 2
        # deep_link_number_dialog_context 2
        # deep_link_number_dialog_params_number 1
        $ number ""
        ?
        > seven
        = deep_link_number 1.00
        :
        # google_assistant_welcome 3
        $ number 7
        % fr
        @ google_assistant_welcome 5
        > je voudrais bien
        = Unknown-deeplink 1.00
        :
        # google_assistant_welcome 4
        > 33
        = deep_link_number 1.00
        :
        # google_assistant_welcome 3
        $ number 33
    "#,
    );
}
