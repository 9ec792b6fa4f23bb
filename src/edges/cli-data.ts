/** Commands of the host that read or write whole tenants: `verify`, `trail` and `import`. */
import { readFileSync } from 'node:fs'
import { SingleBar } from 'cli-progress'
import type { Command } from 'commander'
import { importWorkOrders, printReport as printImport } from '#capabilities/import/import.ts'
import { readCheckpointTenant } from '#capabilities/log/verify-log.ts'
import { printReport as printVerify } from '#capabilities/verify/report.ts'
import type { VerifyReport } from '#capabilities/verify/report.ts'
import { exportTrail } from '#capabilities/verify/trail.ts'
import { listTenants, verifyTenant } from '#capabilities/verify/verify.ts'
import type { Out } from './cli-operation.ts'
import { Refused } from './cli-operation.ts'
import { requireOperator } from './cli-tenant.ts'
import type { OpenService } from './open-service.ts'

type WithService = <T>(purpose: string, work: (service: OpenService) => Promise<T>) => Promise<T>

export function addDataCommands(program: Command, withService: WithService, out: Out): void {
  program
    .command('verify')
    .description(
      'derive every chain of entries again, and name what does not fit; exit code 1 when something is damaged',
    )
    .option('--tenant <slug>', 'one tenant; all of them when left out')
    .option(
      '--checkpoint <file>',
      'a checkpoint of the log that was kept outside: the log of its tenant must have grown from it',
    )
    .option('--json', 'print the reports as JSON')
    .addHelpText('after', '\nExample:\n  $ docket verify --tenant acme-bio')
    .action(async ({ tenant, checkpoint, json }: VerifyOptions) => {
      const kept = checkpoint === undefined ? undefined : readCheckpoint(checkpoint)
      const reports = await withService('verify', (service) => verify(service, tenant, kept))
      out(
        json === true
          ? `${JSON.stringify(reports, null, 2)}\n`
          : reports.map((report) => `${printVerify(report)}\n`).join(''),
      )
      const damaged = reports.filter((report) => report.damages.length > 0)
      if (damaged.length > 0)
        throw new Refused({ title: `damaged: ${damaged.map((report) => report.tenant).join(', ')}` })
    })
  program
    .command('trail')
    .description(
      'write the whole audit trail of a tenant as lines of JSON, as it stands; verify/docket-trail.mjs checks it without Docket',
    )
    .requiredOption('--tenant <slug>', 'the tenant')
    .addHelpText('after', '\nExample:\n  $ docket trail --tenant acme-bio > trail.ndjson')
    .action(({ tenant }: { tenant: string }) =>
      withService('trail', (service) => writeTrail(service, tenant, out)),
    )
  program
    .command('import')
    .description('records of another system')
    .command('work-orders <file>')
    .description(
      'import history from a CSV file as closed work orders; nothing is half done, and a second run adds nothing',
    )
    .requiredOption('--tenant <slug>', 'the tenant')
    .requiredOption('--map <file>', 'how the columns are read: see docs/guides/import.md')
    .option('--skip-bad', 'import the good rows although others are bad')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      '\nExample:\n  $ docket import work-orders data/excavators/work-orders.csv --tenant acme-bio --map data/excavators/map.json',
    )
    .action(
      async (file: string, options: { tenant: string; map: string; skipBad?: boolean; json?: boolean }) => {
        const report = await withService('import', (service) => importFile(service, file, options))
        out(options.json === true ? `${JSON.stringify(report, null, 2)}\n` : `${printImport(report)}\n`)
        if (report.bad.length > 0 && options.skipBad !== true) {
          throw new Refused({ title: 'nothing was imported', bad: report.bad.length })
        }
      },
    )
}

type VerifyOptions = {
  readonly tenant?: string
  readonly checkpoint?: string
  readonly json?: boolean
}
type Kept = { readonly note: string; readonly tenantId: string }

/** The note itself, or the JSON in which the service gave it. */
function readCheckpoint(file: string): Kept {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new Refused({ title: `${file} cannot be read: ${(error as Error).message}` })
  }
  const note = text.startsWith('{') ? noteOf(text) : text
  const tenantId = readCheckpointTenant(note)
  if (tenantId === undefined) throw new Refused({ title: `${file} holds no checkpoint of a log` })
  return { note, tenantId }
}

function noteOf(json: string): string {
  try {
    const { note } = JSON.parse(json) as { note?: unknown }
    return typeof note === 'string' ? note : ''
  } catch {
    return ''
  }
}

async function verify(
  service: OpenService,
  slug: string | undefined,
  kept: Kept | undefined,
): Promise<VerifyReport[]> {
  const url = service.installation.urlOf('docket_auditor')
  const tenants = (await listTenants(url)).filter((tenant) => slug === undefined || tenant.slug === slug)
  if (slug !== undefined && tenants.length === 0) throw new Refused({ title: `there is no tenant "${slug}"` })
  if (kept !== undefined && !tenants.some((tenant) => tenant.id === kept.tenantId))
    throw new Refused({
      title: `the checkpoint is of the log of ${kept.tenantId}, which is not checked here`,
    })
  const reports: VerifyReport[] = []
  for (const tenant of tenants) {
    // People know a tenant by its slug.
    const note = kept?.tenantId === tenant.id ? kept.note : undefined
    const report = await verifyTenant(url, tenant.id, undefined, undefined, note)
    reports.push({ ...report, tenant: tenant.slug })
  }
  return reports
}

async function writeTrail(service: OpenService, slug: string, out: Out): Promise<void> {
  const url = service.installation.urlOf('docket_auditor')
  const tenant = (await listTenants(url)).find((one) => one.slug === slug)
  if (tenant === undefined) throw new Refused({ title: `there is no tenant "${slug}"` })
  await exportTrail(url, tenant.id, out)
}

async function importFile(
  service: OpenService,
  file: string,
  options: { readonly tenant: string; readonly map: string; readonly skipBad?: boolean },
) {
  const operator = await requireOperator(service.floor, options.tenant)
  const bar = new SingleBar({
    format: 'importing {bar} {percentage} % | {value} of {total} rows | {duration_formatted}',
    stream: process.stderr,
    noTTYOutput: true,
    notTTYSchedule: 1000,
    hideCursor: true,
  })
  let started = false
  try {
    return await importWorkOrders(service.floor, operator, {
      file,
      map: options.map,
      skipBad: options.skipBad ?? false,
      onProgress(done, total) {
        if (!started) bar.start(total, 0)
        started = true
        bar.update(done)
      },
    })
  } finally {
    if (started) bar.stop()
  }
}
