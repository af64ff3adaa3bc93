// What `/v1/notify` takes and answers. docs/JOB_FORMAT.md lists the routes.

/// What the daemon keeps of one user's wishes.
package struct NotifyReport: Sendable, Equatable, Codable {
    /// How a letter stands.
    package struct Letter: Sendable, Equatable, Codable {
        package enum State: String, Sendable, Codable, CaseIterable { case waiting, sent, failed }

        package var id: String
        package var state: State
        /// Why it could not be sent, the last time.
        package var reason: String?

        package init(id: String, state: State, reason: String? = nil) {
            self.id = id
            self.state = state
            self.reason = reason
        }
    }

    /// What the caller wants to be told of all jobs; nil where nothing is kept.
    package var notify: NotifyWish?
    /// With what webhooks are signed; only in the answer that made it.
    package var secret: String?
    /// Whether there is one.
    package var hasSecret: Bool
    /// What this server can do.
    package var mail: Bool
    package var webhooks: [String]
    /// The caller's newest letters, of each state a few.
    package var letters: [Letter]

    package init(
        notify: NotifyWish?, secret: String? = nil, hasSecret: Bool, rule: NotifyRule,
        letters: [Letter] = []
    ) {
        self.notify = notify
        self.secret = secret
        self.hasSecret = hasSecret
        mail = rule.mail
        webhooks = rule.webhooks
        self.letters = letters
    }

    private enum CodingKeys: String, CodingKey {
        case notify, secret, mail, webhooks, letters
        case hasSecret = "has_secret"
    }
}
