"""The requests of the original's README, word for word; those of its brokers have a comma too many."""

CREATE = """{
    "command": "request-otp",
    "data": {
        "date_time": 1629685778,
        "expiration": 1629685838,
        "receiver": "08126666666",
        "message": "Your OTP is %s",
        "reference": "12345678901234567890",
        "param1": "100000",
        "param2": "1234567890",
        "param3": "987654",
        "param4": "674527846556468254"
    }
}"""
VALIDATE = """{
    "command": "verify-otp",
    "data": {
        "date_time": 1629685778,
        "receiver": "08126666666",
        "otp": "123456",
        "reference": "12345678901234567890",
        "param1": "100000",
        "param2": "1234567890",
        "param3": "987654",
        "param4": "674527846556468254"
    }
}"""
SMS = """{
    "command": "send-sms",
    "data": {
        "date_time": 1629685778,
        "expiration": 1629685838,
        "id": 123456,
        "receiver": "08126666666",
        "message": "Your OTP is 1234"
    }
}"""
EMAIL = """{
    "command": "send-email",
    "data": {
        "date_time": 1629685778,
        "expiration": 1629685838,
        "id": 123456,
        "receiver": "someone@example.com",
        "subject": "Your OTP Code",
        "message": "Your OTP is 1234"
    }
}"""
BLOCK = """{
    "command": "block-msisdn",
    "data": {
        "date_time": 1629685778,
        "receiver": "08126666666"
    }
}"""
UNBLOCK = BLOCK.replace("block-", "unblock-")
BROKER_BLOCK = """{
    "command": "block-msisdn",
    "data": {
        "date_time": 1629685778,
        "receiver": "08126666666",
    }
}"""
BROKER_UNBLOCK = BROKER_BLOCK.replace("block-", "unblock-")
MODEM_LIST = """{
    "data": {
        "date_time": 1629685778
    },
    "command": "get-modem-list",
    "callback_topic": "random_topic",
    "callback_delay": 50
}"""
USSD = """{
    "data": {
        "date_time": 1629685778,
        "modem_id": "d740eb1f5e9799c2b50452ea5acf6054",
        "ussd_code": "*888#"
    },
    "command": "request-ussd",
    "callback_topic": "random_topic",
    "callback_delay": 50
}"""
