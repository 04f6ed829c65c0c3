use crate::script::check;

#[test]
fn a_room_is_booked_over_five_parameters() {
    check(
        "room-reservation",
        "
        > I need a room
        > in Berlin please
        > tomorrow
        > at 10 am
        > two hours
        > 8
        > B
        > yes
        > book a room for 20 guests in London tomorrow
        > can I book a room in our Munich office
        > cancel
        > hello
        > I need a room
        > good day
        > reserve a room in Paris tomorrow
        > 10 am for 2 hours
        > we are twelve
    ",
    );
}
