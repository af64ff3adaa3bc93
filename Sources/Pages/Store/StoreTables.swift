// The store's tables, and what can be done about its size.

import Report

extension StorePage {
    private static let rowsMax = 200

    // MARK: Collecting

    func collecting(_ frame: Frame) -> Markup {
        let wrong: Markup =
            problem.map { "<p class=\"notice\" role=\"alert\">\($0.shortened(to: 500))</p>" } ?? ""
        return """
            <section id="collect"><h2>What could be freed</h2>
            \(wrong)\(previewWords)
            <form class="keep" method="get" action="\(frame.link("/store"))#collect">
            <p class="field"><label for="keep">Keep at most, in GiB</label>
            <input id="keep" name="keep" value="\(keep)" inputmode="decimal" autocomplete="off" \
            placeholder="what the settings say" aria-describedby="h-keep">
            <span class="faint" id="h-keep">What was used within a day, by work under way, or is \
            pinned stays in any case.</span></p>
            <p><button type="submit">Work it out</button></p></form>
            \(button(frame))</section>

            """
    }

    private var previewWords: Markup {
        guard let preview else { return "" }
        let over: Markup =
            preview.isOverLimit
            ? """
            <p class="notice">What is young, in use or pinned alone exceeds that: \
            \(NumberText.bytes(preview.protectedBytes)).</p>
            """ : ""
        guard preview.freedBytes > 0 || preview.steps > 0 else {
            return "<p>A collection would free nothing.</p>\(over)"
        }
        return """
            <p>A collection would free <strong>\(NumberText.bytes(preview.freedBytes))</strong>: \
            \(NumberText.grouped(preview.objects)) objects of \(NumberText.grouped(preview.steps)) \
            steps, which took \(NumberText.seconds(preview.seconds)) to compute. \
            \(NumberText.bytes(preview.keptBytes)) would stay.</p>\(over)
            """
    }

    private func button(_ frame: Frame) -> Markup {
        guard frame.isAdmin else {
            return "<p class=\"faint\">Admins can do it here.</p>"
        }
        guard problem == nil else { return "" }
        return """
            <form class="collect" method="post" action="\(frame.link("/store/collect"))">\
            \(frame.tokenField)<input type="hidden" name="keep" value="\(keep)">
            <p><button type="submit">Collect now</button></p></form>
            """
    }

    var past: Markup {
        guard !collections.isEmpty else { return "" }
        let rows = collections.map { collection -> Markup in
            """
            <tr><th scope="row">\(TimeText.markup(collection.at))</th>\
            <td>\(collection.by.map { Markup.name($0, countMax: 40) } ?? "the server")</td>\
            <td class="num">\(NumberText.bytes(collection.bytes))</td>\
            <td class="num">\(NumberText.grouped(collection.steps))</td>\
            <td class="num">\(NumberText.seconds(collection.seconds))</td></tr>

            """
        }
        return table(
            "Last collections", id: "collections",
            ["When", "By", "Freed", "Steps", "Time to compute again"], plain: 2, rows)
    }

    // MARK: Shares

    var byStage: Markup {
        let rows = stages.prefix(Self.rowsMax).map { stage -> Markup in
            """
            <tr><th scope="row">\(Markup.name(stage.name, countMax: 60))</th>\
            <td class="num">\(NumberText.grouped(stage.steps))</td>\
            \(bytes(stage.diskBytes))<td class="num">\(NumberText.bytes(stage.rawBytes))</td></tr>

            """
        }
        return table(
            "By stage", id: "stages", ["Stage", "Steps", "On disk", "Unpacked"], plain: 1, rows,
            note: "An object that two stages share counts for both.")
    }

    func byJob(_ frame: Frame) -> Markup {
        let rows = jobs.prefix(Self.rowsMax).map { job -> Markup in
            """
            <tr><th scope="row"><a href="\(frame.link("/jobs/\(job.id)"))">\
            \(Markup.name(job.name, countMax: 60))</a></th>\
            <td>\(Markup.name(job.owner, countMax: 40))</td>\
            \(bytes(job.storeBytes))<td class="num">\(NumberText.bytes(job.ownBytes))</td>\
            <td class="num">\(NumberText.bytes(job.resultBytes))</td></tr>

            """
        }
        return table(
            "By job", id: "jobs",
            ["Job", "Owner", "In the store", "Of it no other job's", "Results"], plain: 2, rows,
            note: """
                Jobs that are done, the newest \(Self.rowsMax) at most; what the stages of their \
                reports name. Results lie outside the store: nothing here removes them.
                """)
    }

    var byOwner: Markup {
        let rows = owners.prefix(Self.rowsMax).map { owner -> Markup in
            """
            <tr><th scope="row">\(Markup.name(owner.name, countMax: 40))</th>\
            <td class="num">\(NumberText.grouped(owner.jobs))</td>\
            \(bytes(owner.storeBytes))<td class="num">\(NumberText.bytes(owner.ownBytes))</td>\
            <td class="num">\(NumberText.bytes(owner.resultBytes))</td></tr>

            """
        }
        return table(
            "By owner", id: "owners",
            ["Owner", "Jobs", "In the store", "Of it nobody else's", "Results"], plain: 1, rows,
            note: "Of the same jobs; what several jobs of an owner share counts once.")
    }

    /// Bytes, with a bar of their share of the store.
    private func bytes(_ count: Int) -> Markup {
        let share = min(1, Double(max(0, count)) / Double(max(1, totals.diskBytes)))
        return """
            <td class="num">\(NumberText.bytes(count))<svg class="share" width="60" height="4" \
            viewBox="0 0 60 4" aria-hidden="true"><rect class="whole" width="60" height="4"/>\
            <rect class="part" width="\(60 * share)" height="4"/></svg></td>
            """
    }

    /// - Parameter plain: how many columns, the first ones, are no figures.
    private func table(
        _ title: String, id: String, _ heads: [String], plain: Int, _ rows: [Markup],
        note: Markup = ""
    ) -> Markup {
        let cells = heads.enumerated().map { place, head -> Markup in
            let kind: Markup = place < plain ? "" : " class=\"num\""
            return "<th scope=\"col\"\(kind)>\(head)</th>"
        }
        let below: Markup = note.text.isEmpty ? "" : "<p class=\"faint\">\(note)</p>"
        let body: Markup =
            rows.isEmpty
            ? "<p>Nothing.</p>"
            : """
            <div class="scroll" tabindex="0" role="region" aria-label="\(title)">
            <table class="beside"><caption>\(title)</caption>
            <thead><tr>\(cells)</tr></thead>
            <tbody>
            \(rows)</tbody></table></div>\(below)
            """
        return "<section id=\"\(id)\"><h2>\(title)</h2>\n\(body)</section>\n\n"
    }
}
