// The page on which jobs are made: form, editor, plan, sending.

import Failures
import Foundation
import HTTP
import Jobs
import Pages
import Store

struct SubmitPageRoutes: Sendable {
    private let live: LiveConfiguration
    private let queue: JobQueue
    private let forecaster: Forecaster
    private let submissions: SubmissionCheck
    private let files: JobFiles
    private var configuration: DaemonConfiguration { live.current }

    /// What stands for a name where neither the manifest nor the job that it is of gives one.
    private static let name = "job"

    init(settings: LiveConfiguration, queue: JobQueue, forecaster: Forecaster) {
        live = settings
        self.queue = queue
        self.forecaster = forecaster
        submissions = SubmissionCheck(settings)
        files = JobFiles(folders: settings.current.folders)
    }

    var all: [Route] {
        let patience = Route.patience + Int(configuration.forecastTime / .milliseconds(1))
        return [
            Route("GET /submit") { try await start($0) },
            Route("POST /submit", patience: patience, keeps: .manifest) { try await take($0) },
        ]
    }

    /// The empty page, or one with another job's manifest.
    private func start(_ call: Route.Call) async throws -> HTTPResponse {
        let models = await submissions.models(for: call.caller.user)
        let frame = PageAnswer.frame(call.visitor)
        guard let id = call.request.query("from"), !id.isEmpty else {
            return PageAnswer.html(SubmitPage(models: models).render(frame))
        }
        do {
            let (text, name) = try await manifest(of: id, for: call.caller)
            let page = SubmitPage(
                manifest: text, models: models, source: SubmitPage.Source(id: id, name: name))
            return PageAnswer.html(page.render(frame))
        } catch {
            let page = SubmitPage(
                check: .refused(FaultText.describe(error)), models: models)
            return PageAnswer.html(
                page.render(frame), status: HTTPResponse.failure(error).status)
        }
    }

    /// The manifest as it was sent.
    private func manifest(
        of id: String, for caller: Caller
    ) async throws -> (text: String, name: String) {
        let visibility = Visibility(isPrivate: configuration.isPrivate)
        guard JobIdentifier.isValid(id),
            visibility.shows(jobOf: try await queue.owner(of: id), to: caller)
        else { throw JobQueue.noJob(id) }
        let detail = try await queue.detail(id)
        guard detail.showsManifest(to: caller) else {
            throw ErrorDocument(code: .forbidden, message: JobDetail.hiddenManifest)
        }
        return (try await files.manifest(of: id), detail.summary.name)
    }

    // MARK: What was sent

    private func take(_ call: Route.Call) async throws -> HTTPResponse {
        let form = try FormBody(call.request.body)
        var fields = SubmitFields.initial
        let text: String
        // Of the job whose manifest this was; the parser looks at it.
        var name: String?
        if form.value("do") == "make" {
            fields = SubmitFields(form.values)
            text = SubmitManifest.text(of: fields)
        } else {
            // Browsers end lines with two characters; a manifest is kept as it was typed.
            text = (form.value("manifest") ?? "").replacing("\r\n", with: "\n")
            name = form.value("name")
        }
        let check: ManifestCheck
        var status = 200
        do {
            let description = try await submissions.description(
                of: Data(text.utf8), name: name ?? Self.name, by: call.caller.user)
            if form.value("do") == "send" {
                return try await send(text, description, call)
            }
            check = .sound(await plan(description, for: call.caller))
        } catch let error as ManifestError {
            (check, status) = (.fault(error), 422)
        } catch let error as ErrorDocument {
            check = .refused(error.message)
            status = error.code == .unavailable ? 503 : 422
        } catch {
            // The disk is full, say: the text is still the visitor's.
            (check, status) = (
                .refused(FaultText.describe(error)), HTTPResponse.failure(error).status
            )
        }
        let page = SubmitPage(
            fields: fields, manifest: text, name: name, check: check,
            models: await submissions.models(for: call.caller.user))
        return PageAnswer.html(page.render(PageAnswer.frame(call.visitor)), status: status)
    }

    private func send(
        _ text: String, _ description: JobDescription, _ call: Route.Call
    ) async throws -> HTTPResponse {
        let now = configuration.clock.now()
        let bytes = Array(text.utf8)
        let record = JobRecord(
            id: JobIdentifier.make(now: now), source: "page", owner: call.caller.user,
            submittedAtMilliseconds: now, manifestDigest: Digest(of: bytes).hex,
            description: description)
        let receipt = try await queue.submit(record, manifest: bytes)
        return HTTPResponse.redirect(
            to: PageAnswer.frame(call.visitor).link("/jobs/\(receipt.id)"))
    }

    /// What it would take; a job can be sent without that.
    private func plan(_ description: JobDescription, for caller: Caller) async -> SubmitPlan {
        do {
            let forecast = try await forecaster.forecast(
                description, for: try await queue.submitters.find(caller.user))
            return SubmitPlan(try JSONDecoder().decode(KeptPlan.self, from: forecast))
        } catch {
            var plan = SubmitPlan()
            plan.problem = FaultText.describe(error)
            return plan
        }
    }
}

extension SubmitPlan {
    fileprivate init(_ plan: KeptPlan) {
        self.init()
        seconds = plan.seconds
        isGuess = plan.basis == "guess"
        peakBytes = plan.peakBytes
        diskBytes = plan.diskBytes ?? 0
        obstacles = plan.obstacles ?? []
        stages = plan.stages.map {
            Stage(
                name: $0.name, detail: $0.detail ?? "", isCached: $0.isCached,
                seconds: $0.seconds, peakBytes: $0.peakBytes, diskBytes: $0.diskBytes ?? 0)
        }
    }
}
