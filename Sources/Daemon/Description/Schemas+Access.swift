// Tokens, and how people are told, as schemas.

import Jobs

extension Schemas {
    static let access: [String: Schema] = [
        "TokenSummary": .object(
            [
                "id": .text, "user": .user, "scope": .words(of: AccessScope.self), "name": .text,
                "made_at_ms": .time, "expires_at_ms": .time,
            ],
            optional: ["used_at_ms": .time.described("To the hour.")]),
        "TokenList": .object(["tokens": .list(of: .named("TokenSummary"))]),
        "NewToken": .object(["token": .text, "summary": .named("TokenSummary")]),
        "NotifyWish": .object(
            ["on": .list(of: .words(of: NotifyWish.Occasion.self))],
            optional: ["mail": mailbox, "webhook": .text]),
        "NotifyReport": .object(
            [
                "has_secret": .flag, "mail": .flag, "webhooks": .list(of: .text),
                "letters": .list(
                    of: .object(
                        ["id": .text, "state": .words(of: NotifyReport.Letter.State.self)],
                        optional: ["reason": .text])),
            ],
            optional: [
                "notify": .named("NotifyWish"),
                "secret": .text.described("Only in the answer that made it."),
            ]),
    ]

    /// Bodies that may leave out what has a default.
    static let tokenRequest = Schema.object(
        [:],
        optional: [
            "scope": .words(of: AccessScope.self), "name": .text,
            "days": .integer(min: 1, max: TokenRequest.daysMax),
        ])
    static let notifyRequest = Schema.object(
        [:],
        optional: [
            "mail": mailbox, "webhook": .text,
            "on": .list(
                of: .words(of: NotifyWish.Occasion.self), max: NotifyWish.Occasion.allCases.count),
        ])

    /// True: the owner's own.
    private static let mailbox = Schema.any(of: [.flag, .text])
}
