// What a webhook is sent: a JSON document, and headers that prove who sent it and when.

import Crypto
package import Foundation
import Jobs

/// A POST that is ready to go. docs/SERVER.md describes it for those who receive it.
package struct WebhookCall: Sendable, Equatable {
    package let headers: [(name: String, value: String)]
    package let body: Data

    private struct Document: Encodable {
        struct Job: Encodable {
            let job: Letter.Job
            let page: String?
            let models: [LetterFigures.Model]?

            func encode(to encoder: any Encoder) throws {
                try job.encode(to: encoder)
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encodeIfPresent(page, forKey: .page)
                try container.encodeIfPresent(models, forKey: .models)
            }

            private enum CodingKeys: String, CodingKey { case page, models }
        }

        let version = 1
        let id: String
        let event: String
        let writtenAt: Int
        /// What chat programs show of a message.
        let text: String
        let jobs: [Job]
        let more: Int

        enum CodingKeys: String, CodingKey {
            case version, id, event, text, jobs, more
            case writtenAt = "written_at_ms"
        }
    }

    /// - Parameters:
    ///   - secret: in hexadecimal; nil: the call is not signed.
    ///   - now: milliseconds since 1970 UTC.
    ///   - agent: the program and its version.
    package init(
        _ letter: Letter, secret: String?, now: Int, agent: String, page: String?,
        figures: (Letter.Job) -> LetterFigures?
    ) throws {
        let text = LetterText(letter, page: page, figures: { _ in nil })
        let link = page.map {
            LetterText.link(letter.jobs.count == 1 ? letter.jobs[0].id : nil, $0)
        }
        let isOne = letter.jobs.count == 1
        let document = Document(
            id: letter.id, event: Self.event(letter.kind),
            writtenAt: letter.writtenAtMilliseconds,
            text: ([text.subject] + [link].compactMap(\.self)).joined(separator: " "),
            jobs: letter.jobs.map { job in
                .init(
                    job: job, page: page.map { LetterText.link(job.id, $0) },
                    models: isOne ? figures(job)?.models : nil)
            }, more: letter.more)
        body = try JobJSON.encode(document)
        let stamp = "\(now / 1_000)"
        var headers = [
            ("Content-Type", "application/json"), ("User-Agent", agent),
            ("X-Layerfold-Id", letter.id), ("X-Layerfold-Timestamp", stamp),
        ]
        if let secret {
            headers.append(
                (
                    "X-Layerfold-Signature",
                    "sha256=" + Self.signature(of: body, at: stamp, secret: secret)
                ))
        }
        self.headers = headers
    }

    private static func event(_ kind: Letter.Kind) -> String {
        switch kind {
        case .done: "job.done"
        case .failed: "job.failed"
        case .last: "jobs.ended"
        case .test: "test"
        }
    }

    /// HMAC-SHA256 of `timestamp.body`, in hexadecimal. The key are the secret's characters.
    package static func signature(of body: Data, at stamp: String, secret: String) -> String {
        let key = SymmetricKey(data: Data(secret.utf8))
        let code = HMAC<SHA256>.authenticationCode(for: Data("\(stamp).".utf8) + body, using: key)
        return code.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    package static func == (one: WebhookCall, other: WebhookCall) -> Bool {
        one.body == other.body && one.headers.elementsEqual(other.headers, by: ==)
    }
}
