// Where a webhook may lead: the name by the settings, and then each address that the name stands
// for at this moment, for names are their owners' to point anywhere.

package import Jobs

package enum Reach {
    /// The addresses that may be connected to, or why none may.
    package enum Answer: Sendable, Equatable {
        case addresses([NetworkAddress])
        case unknown
        case refused(String)
    }

    package static func answer(
        _ url: WebhookURL, _ addresses: [NetworkAddress], by rule: NotifyRule
    ) -> Answer {
        if let refusal = rule.refusal(of: url) {
            return .refused("\(refusal.problem): \(refusal.hint)")
        }
        guard !addresses.isEmpty else { return .unknown }
        let allowed = addresses.filter { permits($0, for: url, by: rule) }
        guard allowed.isEmpty else { return .addresses(allowed) }
        if url.scheme == .http {
            return .refused("`\(url.host)` is not this machine: `http://` goes no further")
        }
        return .refused(
            "`\(url.host)` is `\(addresses[0])`, which is no address of the public net: the "
                + "setting `notify: {webhooks: [\(url.host)]}` allows it by name")
    }

    package static func permits(
        _ address: NetworkAddress, for url: WebhookURL, by rule: NotifyRule
    ) -> Bool {
        let isNamed = rule.webhooks.contains(url.host)
        return switch address.kind {
        case .everybodys: url.scheme == .https
        case .loopback: isNamed
        case .other: isNamed && url.scheme == .https
        }
    }
}
