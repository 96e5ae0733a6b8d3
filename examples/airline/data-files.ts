import { z } from 'zod'

const fares = z.strictObject({ basic_economy: z.int(), economy: z.int(), business: z.int() })
const time = z.string()

const day = z.discriminatedUnion('status', [
  z.strictObject({ status: z.literal('landed'), actual_departure_time_est: time, actual_arrival_time_est: time }),
  z.strictObject({ status: z.literal('cancelled') }),
  z.strictObject({ status: z.literal('available'), available_seats: fares, prices: fares }),
  z.strictObject({ status: z.literal('delayed'), estimated_departure_time_est: time, estimated_arrival_time_est: time }),
  z.strictObject({ status: z.literal('flying'), actual_departure_time_est: time, estimated_arrival_time_est: time }),
  z.strictObject({ status: z.literal('on time'), estimated_departure_time_est: time, estimated_arrival_time_est: time }),
])

/** flights.json, by flight number. */
export const flightsFile = z.record(
  z.string(),
  z.strictObject({
    flight_number: z.string(),
    origin: z.string(),
    destination: z.string(),
    scheduled_departure_time_est: time,
    scheduled_arrival_time_est: time,
    dates: z.record(z.string(), day),
  }),
)

const person = z.strictObject({ first_name: z.string(), last_name: z.string(), dob: z.string() })

/** reservations.json, by reservation id. */
export const reservationsFile = z.record(
  z.string(),
  z.strictObject({
    reservation_id: z.string(),
    user_id: z.string(),
    origin: z.string(),
    destination: z.string(),
    flight_type: z.enum(['one_way', 'round_trip']),
    cabin: z.enum(['basic_economy', 'economy', 'business']),
    flights: z.array(
      z.strictObject({ origin: z.string(), destination: z.string(), flight_number: z.string(), date: z.string(), price: z.int() }),
    ),
    passengers: z.array(person),
    payment_history: z.array(z.strictObject({ payment_id: z.string(), amount: z.int() })),
    created_at: z.string(),
    total_baggages: z.int(),
    nonfree_baggages: z.int(),
    insurance: z.enum(['yes', 'no']),
  }),
)

const paymentMethod = z.discriminatedUnion('source', [
  z.strictObject({ source: z.literal('credit_card'), brand: z.string(), last_four: z.string(), id: z.string() }),
  z.strictObject({ source: z.literal('gift_card'), amount: z.int(), id: z.string() }),
  z.strictObject({ source: z.literal('certificate'), amount: z.int(), id: z.string() }),
])

/** users.json, by user id. The revision with `province`, not `state`, in the address: the recorded runs were made with it. */
export const usersFile = z.record(
  z.string(),
  z.strictObject({
    name: z.strictObject({ first_name: z.string(), last_name: z.string() }),
    address: z.strictObject({
      address1: z.string(),
      address2: z.string(),
      city: z.string(),
      country: z.string(),
      province: z.string(),
      zip: z.string(),
    }),
    email: z.string(),
    dob: z.string(),
    payment_methods: z.record(z.string(), paymentMethod),
    saved_passengers: z.array(person),
    membership: z.enum(['regular', 'silver', 'gold']),
    reservations: z.array(z.string()),
  }),
)
