// Takes one letter out of the house: by the mail program or server, or to a webhook.

import DurableIO
import Failures
package import Jobs
package import SystemPackage

/// What sends letters needs of the machine it runs on.
package struct Carrier: Sendable {
    package var settings: NotifySettings
    package var curl: FilePath = "/usr/bin/curl"
    /// Seconds for one call of a webhook.
    package var callLimit = CurlConfig.usualTimeLimit
    /// The program and its version.
    package var agent: String
    /// For addresses where the settings give none.
    package var hostName = Carrier.ownHostName
    /// Milliseconds since 1970 UTC.
    package var now: @Sendable () -> Int
    /// A user's name; nil where the number has none.
    package var userName: @Sendable (Int) -> String?
    /// What webhooks of a user are signed with.
    package var secret: @Sendable (Int) throws -> String?
    package var figures: @Sendable (Letter.Job) -> LetterFigures?
    package var resolve: @Sendable (String) -> [NetworkAddress] = { host in
        HostAddresses.find(host).compactMap { NetworkAddress($0) }
    }

    package init(
        settings: NotifySettings, agent: String, now: @escaping @Sendable () -> Int,
        userName: @escaping @Sendable (Int) -> String?,
        secret: @escaping @Sendable (Int) throws -> String?,
        figures: @escaping @Sendable (Letter.Job) -> LetterFigures?
    ) {
        (self.settings, self.agent, self.now) = (settings, agent, now)
        (self.userName, self.secret, self.figures) = (userName, secret, figures)
    }

    private static let mailLimit = Duration.seconds(60)

    /// What the machine calls itself; `localhost` where that is no name.
    package static var ownHostName: String {
        let bytes = (try? SmallFile.read("/proc/sys/kernel/hostname", bytesMax: 1_024)) ?? []
        let name = String(decoding: bytes, as: UTF8.self).filter { !$0.isWhitespace }
        return MailAddress.isHost(name) ? name : "localhost"
    }

    /// Whom letters go to as this one does: one that does not answer is not asked again at once.
    /// A webhook's is its owner's alone, as who names one may name a dead path at any host.
    package func place(of letter: Letter) -> String {
        switch letter.way {
        case .mail: "mail"
        case .webhook:
            letter.webhook.flatMap { WebhookURL($0) }.map { url in
                "\(letter.owner) \(url.scheme.rawValue)://\(url.host):\(url.port)"
            } ?? ""
        }
    }

    package func deliver(_ letter: Letter) async -> Delivery {
        let letter = letter.withoutLostResults()
        return switch letter.way {
        case .mail: await mail(letter)
        case .webhook: await call(letter)
        }
    }

    // MARK: Mail

    private func mail(_ letter: Letter) async -> Delivery {
        if let refusal = settings.rule.refusalOfMail {
            return .never("\(refusal.problem) any more")
        }
        let from = settings.from ?? "layerfold@\(hostName)"
        guard let to = recipient(of: letter, host: from.split(separator: "@").last ?? "") else {
            return .never("user \(letter.owner) has no name that mail could go to")
        }
        let text = LetterText(letter, page: settings.page, figures: figures)
        let message = MailMessage(
            from: from, to: to, subject: text.subject, lines: text.lines, id: letter.id,
            date: letter.writtenAtMilliseconds
        ).bytes
        switch settings.mailer {
        case .program(let path):
            let program = Program(
                path: FilePath(path), arguments: ["-t", "-oi"], limit: Self.mailLimit)
            return .ofMail(await program.run(message), isConfined: Self.isConfined)
        case .server(let host, let port):
            let place = host.contains(":") ? "[\(host)]" : host
            let program = Program(
                path: curl,
                arguments: [
                    "-q", "--silent", "--show-error", "--noproxy", "*", "--proto", "=smtp",
                    "--max-time", "\(Self.mailLimit.components.seconds / 2)", "--crlf",
                    "--write-out", "%{http_code}", "--mail-from", from, "--mail-rcpt", to,
                    "--upload-file", "-", "--url", "smtp://\(place):\(port)",
                ], limit: Self.mailLimit)
            return .ofServer(await program.run(message))
        }
    }

    private func recipient(of letter: Letter, host: Substring) -> String? {
        let address: String? =
            switch letter.mailbox {
            case .address(let address): address
            case .owner, nil: userName(letter.owner).map { "\($0)@\(host)" }
            }
        return address.flatMap { MailAddress.isValid($0) ? $0 : nil }
    }

    private static var isConfined: Bool {
        let bytes = (try? SmallFile.read("/proc/self/status", bytesMax: 65_536)) ?? []
        return String(decoding: bytes, as: UTF8.self).contains("NoNewPrivs:\t1")
    }

    // MARK: Webhooks

    private func call(_ letter: Letter) async -> Delivery {
        guard let text = letter.webhook, let url = WebhookURL(text) else {
            return .never("it names no webhook")
        }
        let addresses: [NetworkAddress]
        switch Reach.answer(url, resolve(url.host), by: settings.rule) {
        case .refused(let reason): return .never(reason)
        case .unknown: return .later("the name `\(url.host)` is not known")
        case .addresses(let found): addresses = found
        }
        let secret: String?
        // Unsigned it would be refused by who checks, for good.
        do { secret = try self.secret(letter.owner) } catch {
            return .later("it cannot be signed: \(FaultText.describe(error))")
        }
        do {
            let call = try WebhookCall(
                letter, secret: secret, now: now(), agent: agent,
                page: settings.page, figures: figures)
            let config = CurlConfig(
                url, call, addresses: addresses, timeLimit: callLimit)
            guard config.fits else { return .never("it is too long for one call") }
            let program = Program(
                path: curl, arguments: CurlConfig.arguments,
                // It keeps its time itself, but for what hangs in the kernel.
                limit: .seconds(3 * callLimit))
            return .ofWebhook(await program.run(Array(config.text.utf8))) {
                Reach.permits($0, for: url, by: settings.rule)
            }
        } catch {
            return .never("it cannot be written: \(FaultText.describe(error))")
        }
    }
}
